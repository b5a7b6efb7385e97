# The course as an image, for the CPU: docker build -t lenet .   (repo2docker and Binder take it too)
#   docker run --rm -p 8888:8888 lenet
# On a cluster it is what deploy/values.yaml starts for every student.
FROM python:3.12-slim-bookworm

# Any version of these will do.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends fonts-noto-cjk git \
 && rm -rf /var/lib/apt/lists/*

ARG NB_USER=jovyan
ARG NB_UID=1000
RUN adduser --disabled-password --gecos "" --uid ${NB_UID} ${NB_USER} \
 && pip install --no-cache-dir torch==2.14.1 torchvision==0.29.2 \
    --index-url https://download.pytorch.org/whl/cpu
# The version of the hub in the chart that values.yaml is for.
ARG JUPYTERHUB=5.5.0
WORKDIR /srv/lenet/course
COPY . .
RUN pip install --no-cache-dir -c constraints.txt . \
    jupyterhub==${JUPYTERHUB} nbgitpuller==1.3.0

# Both data sets, in one place that nobody may write to: kernels map them and share the pages.
RUN XDG_CACHE_HOME=/srv/lenet python -c \
    "from lenet_helpers import load_data; load_data('mnist'); load_data('fashion_mnist')" \
 && mv /srv/lenet/lenet-course /srv/lenet/data \
 && chmod -R a-w,a+rX /srv/lenet/data \
 && cp -r /srv/lenet/course/. /home/${NB_USER} \
 && chown -R ${NB_UID} /home/${NB_USER}

ENV LENET_DATA=/srv/lenet/data MALLOC_ARENA_MAX=2
USER ${NB_UID}
WORKDIR /home/${NB_USER}
CMD ["jupyter", "lab", "--ip=0.0.0.0", "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb"]
