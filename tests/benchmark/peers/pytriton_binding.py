"""PyTriton: a Python function behind NVIDIA's Triton server, with its dynamic batches.

It speaks the Open Inference Protocol: a seed comes as INT64 in JSON, a JPEG as binary data; images go back as binary
data. Triton's library is linked against the Python 3.11 of Debian's packages.
"""

# mypy: disable-error-code="import-not-found, misc, untyped-decorator"

# /// script
# dependencies = ["nvidia-pytriton==0.7.0", "numpy==1.26.4", "onnxruntime==1.31.1", "pillow==13.0.0"]
# ///

from typing import Any

import numpy as np
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

from tests.benchmark.peers.generation import Network, Task
from tests.server import free_port


def main() -> None:
    """Serves."""
    task = Task.read()
    network = Network(task)

    @batch
    def answer(asked: Any) -> list[Any]:
        """(N, 1) seeds or JPEGs -> (N, 1) images."""
        return [np.array(network.answer(asked[:, 0].tolist()), object)[:, None]]

    config = TritonConfig(
        http_address="127.0.0.1", http_port=task.port, grpc_port=free_port(), metrics_port=free_port()
    )
    with Triton(config=config) as triton:
        triton.bind(
            model_name="network",
            infer_func=answer,
            inputs=[Tensor(name="asked", dtype=bytes if task.translates else np.int64, shape=(1,))],
            outputs=[Tensor(name="images", dtype=bytes, shape=(1,))],
            config=ModelConfig(max_batch_size=task.batch, batcher=DynamicBatcher(max_queue_delay_microseconds=0)),
        )
        triton.serve()


if __name__ == "__main__":
    main()
