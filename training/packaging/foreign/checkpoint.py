"""Reads state dicts that other projects wrote, without running anything that they contain."""

import io
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

SUFFIXES = (".pth", ".pt", ".safetensors")
MAX_BYTES = 2_147_483_648

_AVERAGED = ("params_ema", "g_ema", "generator_ema", "netG_ema", "ema_state_dict", "model_ema", "ema")
_NESTED = ("state_dict", "model_state_dict", "params", "generator", "netG", "G", "model", "network", "weights")
_MAX_NESTING = 4
_WRAPPERS = ("module.", "_orig_mod.", "netG.", "generator.")


class CheckpointFileError(ValueError):
    """The file holds no state dict that may be read."""


def read(file: Path, max_bytes: int = MAX_BYTES) -> dict[str, Tensor]:
    """A file's state dict, with clean keys, on the CPU.

    Averaged weights (EMA) are preferred if the file holds both. Prefixes of wrappers such as `module.` are cut off.

    Args:
        file: `.pth`, `.pt` or `.safetensors`.
        max_bytes: size of the file at most.

    Raises:
        CheckpointFileError: it is no state dict, is damaged or too large, or would have to run code.
    """
    try:
        size = file.stat().st_size
    except OSError as error:
        raise CheckpointFileError(f"{file} cannot be read: {error.strerror}") from error
    if size > max_bytes:
        raise CheckpointFileError(f"{file} has {size:,} bytes, but at most {max_bytes:,} are read")
    document = _safetensors(file) if file.suffix == ".safetensors" else _torch(file, max_bytes)
    state = _state_dict(document, file)
    if not all(torch.isfinite(value).all() for value in state.values() if value.is_floating_point()):
        raise CheckpointFileError(f"{file} holds weights that are not finite: the training has diverged")
    return _unwrapped(state)


def _safetensors(file: Path) -> Any:
    try:
        return safetensors.torch.load_file(file)
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointFileError(f"{file} is no whole safetensors file: {_first_line(error)}") from error


def _torch(file: Path, max_bytes: int) -> Any:
    raw = file.read_bytes()
    if raw[:1] == b"\x80" and raw[1:2] > b"\x02":  # torch.save writes protocol 2
        raise _holds_objects(file)
    if zipfile.is_zipfile(io.BytesIO(raw)):
        _check_archive(file, raw, max_bytes)
    try:
        return torch.load(io.BytesIO(raw), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        # A StyleGAN .pkl and a whole module pickled by torch.save(model) need their project's code to be read.
        raise _holds_objects(file) from error
    except Exception as error:  # torch has no common base for what damaged files raise
        raise CheckpointFileError(f"{file} is no whole checkpoint of torch: {_first_line(error)}") from error


def _holds_objects(file: Path) -> CheckpointFileError:
    return CheckpointFileError(
        f"{file} holds Python objects, not only tensors, and is not run; save the network's state_dict() instead"
    )


def _check_archive(file: Path, raw: bytes, max_bytes: int) -> None:
    """Refuses TorchScript, and archives that unpack to more than may be read."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            entries = archive.infolist()
    except zipfile.BadZipFile as error:
        raise CheckpointFileError(f"{file} is no whole checkpoint of torch: {error}") from error
    if any(entry.filename.endswith("/constants.pkl") or "/code/" in entry.filename for entry in entries):
        raise CheckpointFileError(f"{file} is a TorchScript archive, which holds code; save its state_dict() instead")
    if sum(entry.file_size for entry in entries) > max_bytes:
        raise CheckpointFileError(f"{file} unpacks to more than {max_bytes:,} bytes")


def _state_dict(document: Any, file: Path) -> dict[str, Tensor]:
    """The state dict in a checkpoint, which may be nested; averaged weights come first."""
    for _ in range(_MAX_NESTING):
        if not isinstance(document, Mapping) or not document:
            break
        if all(isinstance(value, Tensor) for value in document.values()):
            return {str(key): value for key, value in document.items()}
        inner = [key for key in (*_AVERAGED, *_NESTED) if isinstance(document.get(key), Mapping)]
        if not inner:
            break
        document = document[inner[0]]
    if isinstance(document, Mapping):
        held = ", ".join(str(key)[:40] for key in list(document)[:5]) or "nothing"
        raise CheckpointFileError(f"{file} holds no state dict, but: {held}; save the network's state_dict() alone")
    raise CheckpointFileError(f"{file} holds a {type(document).__name__}, not a state dict")


def _unwrapped(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Keys without the prefixes of wrappers that all of them share."""
    while prefix := next((wrapper for wrapper in _WRAPPERS if all(key.startswith(wrapper) for key in state)), None):
        state = {key.removeprefix(prefix): value for key, value in state.items()}
    return state


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
