# Headrace, on either engine. /data holds everything it keeps or, on Kafka and MongoDB, its caches.

FROM python:3.11-slim-bookworm AS build
WORKDIR /build
RUN python -m venv /opt/headrace
COPY requirements.txt .
RUN /opt/headrace/bin/pip install --no-cache-dir --require-hashes --requirement requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY domain domain
COPY eventlog eventlog
COPY readmodels readmodels
COPY api api
RUN /opt/headrace/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
COPY --from=build /opt/headrace /opt/headrace
RUN useradd --system --uid 10001 headrace && install --directory --owner=headrace /data
USER headrace
ENV PATH=/opt/headrace/bin:$PATH HEADRACE_DATA=/data HEADRACE_HOST=0.0.0.0
VOLUME /data
EXPOSE 8000
CMD ["headrace", "serve"]
