"""Sample requests, and the images of their responses."""

import io

import numpy as np

SAMPLE = "/v1/models/tiny/sample"


def drawn(client, body, model="tiny"):
    """The pictures of a request as the JSON answer holds them."""
    answer = client.post(f"/v1/models/{model}/sample?format=json", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["images"]


def arrays(client, body, model="tiny"):
    answer = client.post(f"/v1/models/{model}/sample?format=npy", json=body)
    assert answer.status_code == 200, answer.text
    return np.load(io.BytesIO(answer.content))
