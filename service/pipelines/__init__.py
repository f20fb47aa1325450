"""From latents to images, and from image to image. Knows nothing about HTTP."""
