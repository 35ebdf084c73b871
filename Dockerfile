# The hub alone: `docker build -t hub . && docker run --network host -v hub:/data hub`
# It listens on loopback, open to that machine. For others: `-e HOST=0.0.0.0 -p 8000:8000` instead of the host's
# network; it then wants credentials, and `docker exec CONTAINER hub token create root --role admin` makes the first.
FROM python:3.11-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY .ci/constraints.txt .ci/
COPY clients/python clients/python
COPY clients/javascript/src clients/javascript/src
COPY docs docs
COPY hub hub
RUN python -m venv /opt/hub \
    && /opt/hub/bin/pip install --no-cache-dir --constraint .ci/constraints.txt ./clients/python .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /data hub && install -d -o hub /data
COPY --from=build /opt/hub /opt/hub
ENV PATH=/opt/hub/bin:$PATH DATABASE_URL=sqlite:////data/hub.db HUB_ARTIFACTS_DIR=/data/artifacts HUB_LOG_FORMAT=json
# `docker stop` kills after 10 s; a stop takes at most DRAIN_S and 2 s more.
ENV DRAIN_S=7
USER hub
WORKDIR /data
VOLUME /data
# Alive, not ready: a hub whose database is away must not be restarted for it.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD \
    ["python", "-m", "hub", "check", "--live"]
STOPSIGNAL SIGTERM
# Migrations are applied at the start; HUB_MIGRATE_ON_START=0 leaves them to `hub migrate`.
CMD ["hub", "serve"]
