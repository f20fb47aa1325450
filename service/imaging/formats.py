"""The formats of responses with images: their names and media types."""

MEDIA_TYPES = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "apng": "image/apng",
    "zip": "application/zip",
    "json": "application/json",
    "npy": "application/x-npy",
    "stream": "multipart/x-mixed-replace",
    "events": "text/event-stream",
}
"""Media types by the format's name."""

IMAGES = ("png", "jpeg", "webp", "zip", "json", "npy")
"""Formats of still images, the default first."""

FRAMES = ("png", "jpeg", "webp", "gif", "apng", "zip", "json", "npy")
"""Formats of an animation's frames, the default first."""

STREAMED_FRAMES = (*FRAMES, "stream", "events")
"""Formats of frames, with those that send frame by frame. Only the Accept header can select the last two."""
