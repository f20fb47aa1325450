# syntax=docker/dockerfile:1
# The service without torch, a compiler or root privileges. EXTRA selects the inference engine: cpu, gpu or openvino.

FROM python:3.13-slim-trixie AS build
ARG EXTRA=cpu
WORKDIR /src
RUN python -m venv /opt/ganvas
COPY pyproject.toml constraints.txt LICENSE README.md ./
COPY service/__init__.py service/
# The dependencies are a separate layer, which changes of the code do not invalidate.
RUN mkdir training && touch training/__init__.py \
    && /opt/ganvas/bin/pip install --no-cache-dir --disable-pip-version-check --constraint constraints.txt ".[$EXTRA]" \
    && /opt/ganvas/bin/pip uninstall --yes --quiet ganvas \
    && /opt/ganvas/bin/pip uninstall --yes --quiet pip

FROM python:3.13-slim-trixie
RUN useradd --create-home --uid 10001 --shell /usr/sbin/nologin ganvas
COPY --from=build /opt/ganvas /opt/ganvas
WORKDIR /app
COPY service service
COPY models models
COPY deploy/ray deploy/ray
ENV PATH=/opt/ganvas/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    GANVAS_HOST=0.0.0.0 \
    GANVAS_PORT=8000 \
    GANVAS_MODELS_DIR=/app/models
USER ganvas
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"GANVAS_PORT\"]}/livez', timeout=2)"]
CMD ["python", "-m", "service"]
