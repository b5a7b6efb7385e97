"""JupyterHub for one class on one server: ``jupyterhub -f deploy/jupyterhub_config.py``, as root.

Every student has an account of the system, and so files and kernels that no other one can read.
What another server needs otherwise is set by the variables below; README.md has the rest.
"""

import os
import sys
from pathlib import Path

c = get_config()  # noqa: F821  (traitlets gives it to this file)

ENVIRONMENT = Path(sys.prefix)  # one environment for the hub and the kernels, which root owns
DATA = Path(os.environ.get("LENET_DATA", "/srv/lenet/data"))
STATE = Path(os.environ.get("LENET_HUB_STATE", "/srv/lenet/hub"))
KERNEL_GB = float(os.environ.get("LENET_KERNEL_GB", "2"))  # of data
THREADS = int(os.environ.get("LENET_THREADS", "2"))  # at most; training takes fewer when it is full

# Accounts: `newusers` makes them for the class, and PAM asks for their passwords.
c.JupyterHub.authenticator_class = "pam"
c.LocalAuthenticator.create_system_users = True  # also for names added in the hub's admin page
c.Authenticator.allow_all = True
c.Authenticator.blocked_users = {"root"}
c.Authenticator.admin_users = set(os.environ.get("LENET_TEACHERS", "").split())

c.JupyterHub.bind_url = os.environ.get("LENET_HUB_URL", "http://127.0.0.1:8000")
STATE.mkdir(mode=0o700, parents=True, exist_ok=True)
c.JupyterHub.db_url = f"sqlite:///{STATE}/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = str(STATE / "cookie_secret")
c.ConfigurableHTTPProxy.pid_file = str(STATE / "proxy.pid")
c.JupyterHub.cleanup_servers = False  # the hub may restart during the lesson
c.JupyterHub.cleanup_proxy = False
c.JupyterHub.concurrent_spawn_limit = 2 * (os.cpu_count() or 1)  # the others wait their turn
c.Spawner.start_timeout = c.Spawner.http_timeout = 180

# Limits of each process, by the kernel: a runaway cell gets a MemoryError, and nobody else does.
# With LENET_SPAWNER=systemd (pip install jupyterhub-systemdspawner) the limits below hold for all
# kernels of a student together, too.
c.JupyterHub.spawner_class = os.environ.get("LENET_SPAWNER", "localprocess")
c.Spawner.cmd = [
    "/usr/bin/prlimit", f"--data={int(KERNEL_GB * 2**30)}", "--core=0", "--nproc=1000",
    "--cpu=14400",  # seconds: a loop that nobody stops ends after four hours
    str(ENVIRONMENT / "bin/jupyterhub-singleuser"),
]  # fmt: skip
c.Spawner.mem_limit, c.Spawner.cpu_limit = f"{KERNEL_GB}G", float(THREADS)
c.LocalProcessSpawner.popen_kwargs = {"umask": 0o077}
c.Spawner.args = [
    "--KernelManager.transport=ipc",  # sockets in the student's own folder, no ports
    "--MappingKernelManager.cull_idle_timeout=1800",
    "--MappingKernelManager.cull_interval=120",
    "--MappingKernelManager.cull_connected=True",  # a forgotten tab keeps no kernel
]
c.Spawner.environment = {
    "LENET_DATA": str(DATA),
    "OMP_NUM_THREADS": str(THREADS),
    "MALLOC_ARENA_MAX": "2",  # glibc: threads share what they free
}
if dataset := os.environ.get("LENET_DATASET"):
    c.Spawner.environment["LENET_DATASET"] = dataset


def close_home(spawner) -> None:
    """Nobody else looks into a home folder, whatever the distribution's default is."""
    Path(f"~{spawner.user.name}").expanduser().chmod(0o700)


c.Spawner.pre_spawn_hook = close_home
c.Spawner.notebook_dir = "~"
c.Spawner.default_url = "/lab"

# Servers that nobody used for an hour end.
c.JupyterHub.services = [
    {
        "name": "idle-culler",
        "command": [sys.executable, "-m", "jupyterhub_idle_culler", "--timeout=3600"],
    }
]
c.JupyterHub.load_roles = [
    {
        "name": "idle-culler",
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
        "services": ["idle-culler"],
    }
]

# The load test makes students and starts their servers; only while it has a token.
if token := os.environ.get("LENET_LOAD_TEST_TOKEN"):
    c.JupyterHub.services.append({"name": "load-test", "api_token": token})
    c.JupyterHub.load_roles.append(
        {
            "name": "load-test",
            "scopes": ["admin:users", "tokens", "servers", "access:servers"],
            "services": ["load-test"],
        }
    )
