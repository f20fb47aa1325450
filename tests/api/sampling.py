"""Sample requests, and the images of their responses."""

import io

import numpy as np

SAMPLE = "/v1/models/tiny/sample"


def generated(client, body, model="tiny"):
    """The images of a request as the JSON response holds them."""
    response = client.post(f"/v1/models/{model}/sample?format=json", json=body)
    assert response.status_code == 200, response.text
    return response.json()["images"]


def arrays(client, body, model="tiny"):
    response = client.post(f"/v1/models/{model}/sample?format=npy", json=body)
    assert response.status_code == 200, response.text
    return np.load(io.BytesIO(response.content))
