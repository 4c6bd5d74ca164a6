# An artifact behind HTTP: numpy, onnxruntime and a small web server, nothing else. From the root:
#   docker build -f cluster/serve.Dockerfile -t YOUR-REGISTRY/emoray-serve:0.1.0 .
#   docker run --rm --read-only --tmpfs /tmp -p 8000:8000 -v "$PWD/my-model:/artifact:ro" \
#     YOUR-REGISTRY/emoray-serve:0.1.0
# To bake an artifact in: FROM this image, COPY my-model /artifact.
FROM python:3.11-slim-bookworm

WORKDIR /opt/emoray
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY cluster/serve-requirements.txt cluster/
COPY emoray emoray
COPY jobs jobs
RUN pip install --no-cache-dir --no-compile --constraint constraints.txt --requirement cluster/serve-requirements.txt \
 && pip install --no-cache-dir --no-compile --no-deps . \
 && useradd --uid 1000 --no-create-home serve

USER 1000
WORKDIR /
# Nothing here reports its use, and nothing is written.
ENV ORT_DISABLE_TELEMETRY=1 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/livez', timeout=2)"]
ENTRYPOINT ["python", "-m", "emoray.serving", "/artifact", "--host", "0.0.0.0"]
