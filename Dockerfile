# Xize for servers: `docker build -t xize .`, then compose.yaml. Data lie in the volume /data (raw/, staged/, curated/).
FROM python:3.12-slim-bookworm AS build
WORKDIR /src
COPY requirements-install.lock requirements.lock ./
# uv and setuptools, then everything that running needs, each with its checksum.
RUN python -m venv /opt/xize \
    && /opt/xize/bin/python -m pip install --no-cache-dir --require-hashes --no-deps -r requirements-install.lock \
    && /opt/xize/bin/uv pip install --no-cache --python /opt/xize/bin/python --require-hashes --no-deps -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY pipeline pipeline
COPY flows flows
COPY expectations expectations
RUN /opt/xize/bin/uv build --wheel --no-build-isolation --python /opt/xize/bin/python --out-dir /tmp/dist \
    && /opt/xize/bin/uv pip install --no-cache --python /opt/xize/bin/python --no-deps /tmp/dist/*.whl

FROM python:3.12-slim-bookworm
COPY --from=build /opt/xize /opt/xize
RUN useradd --create-home --uid 1000 xize && mkdir /data && chown xize:xize /data
USER 1000:1000
ENV PATH=/opt/xize/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONIOENCODING=utf-8 \
    XIZE_HOME=/data \
    HEALTH_URL=http://127.0.0.1:8088/health
WORKDIR /data
VOLUME /data
EXPOSE 8088
# The service says where it answers (HEALTH_URL): the api here, `xize serve` and Prefect's server at :4200/api/health.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(os.environ['HEALTH_URL'], timeout=8)"]
# Needs XIZE_API_TOKEN: it listens to other machines.
CMD ["xize", "api", "--host", "0.0.0.0"]
