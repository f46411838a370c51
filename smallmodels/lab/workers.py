"""Where the jobs of a sweep run: processes of this machine, or a Dask cluster; and when they must stop."""

import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import joblib
import torch

BACKENDS = ("loky", "dask")
_watched: set[int] = set()  # parents that this process already watches


class Unwanted(RuntimeError):
    """The sweep that asked for this job is gone."""


def how_many(jobs: int, device: str, backend: str) -> int:
    """Jobs that run at once; ValueError for a number that cannot be.

    On a GPU of this machine each has a card of its own: two processes on one card would halve each other.
    """
    kind = torch.device(device).type
    most = None if backend != "loky" or kind == "cpu" else torch.cuda.device_count() if kind == "cuda" else 1
    if jobs != -1 and not 1 <= jobs <= (most or jobs):
        raise ValueError(
            f"{jobs} jobs cannot run at once on {device}; choose 1 to {most or 'the number of cores'}, or -1 "
            "for all."
        )
    return most if most and jobs == -1 else jobs


def own_card(device: str) -> torch.device:
    """The device of this process: its own card, where the workers of this machine share several."""
    name, _, number = multiprocessing.current_process().name.partition("LokyProcess-")
    if device != "cuda" or name or not number:
        return torch.device(device)
    return torch.device("cuda", (int(number) - 1) % torch.cuda.device_count())  # workers are counted from 1


@contextmanager
def sent_to(backend: str, address: str | None) -> Iterator[None]:
    """Where joblib sends jobs meanwhile: to processes of this machine, or to the cluster at the address.

    Raises ValueError for an unknown backend, and for an address where none is needed, or none where one is.
    """
    if backend not in BACKENDS:
        raise ValueError(f"There is no backend {backend!r}; choose from {', '.join(BACKENDS)}.")
    if (backend == "loky") != (address is None):
        article = "no" if backend == "loky" else "an"
        raise ValueError(f"The backend {backend} takes {article} address of a cluster.")
    if backend == "loky":
        with joblib.parallel_config(backend):
            yield
        return
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise ValueError(f"The backend dask needs the package {error.name}, which is not here.") from None
    with Client(address), joblib.parallel_config(backend):
        yield


def end_with_parent(parent: int, every: float = 0.5) -> None:
    """From now on this process ends when its parent does, busy or idle, however the parent ended.

    In the parent itself nothing happens. A process whose parent died has another one, on Linux and macOS.
    """
    if parent == os.getpid() or parent in _watched:
        return
    _watched.add(parent)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(every)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def stop_if_unwanted() -> None:
    """Raises `Unwanted` on a worker of a Dask cluster when the sweep has gone that asked for this job."""
    if "distributed" not in sys.modules:
        return  # no cluster's worker
    from distributed import get_worker

    try:
        worker = get_worker()
    except ValueError:
        return
    job = worker.state.tasks.get(worker.get_current_task())
    if job is None or job.state == "cancelled":
        raise Unwanted("The sweep that asked for this job is gone.")
