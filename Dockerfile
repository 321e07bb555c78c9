# Lookout in a container: small by default; `--build-arg LIGHT=0` adds torch and transformers.
FROM python:3.12-slim

ARG LIGHT=1
ENV LOOKOUT_LIGHT=${LIGHT} \
    PIP_NO_CACHE_DIR=1 \
    PYTHONUNBUFFERED=1

WORKDIR /app
COPY run.py requirements.txt requirements-light.txt requirements-postgres.txt ./
RUN python run.py setup
RUN .venv/bin/python -m pip install -r requirements-postgres.txt

COPY bot/ bot/
COPY cogs/ cogs/
COPY config/ config/
RUN mkdir -p data && chown 10001:10001 data
USER 10001:10001
VOLUME /app/data

HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ.get(\"ADMIN_PORT\") or 8080}/healthz', timeout=4)"]

ENTRYPOINT ["python", "run.py"]
