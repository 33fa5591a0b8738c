"""BufferPool that is given out again: never while anybody holds it, and never without end."""

import gc
import os
import signal
import threading

import pytest
import torch

from axonal.neuro.ops import _buffer_pool
from axonal.neuro.ops._buffer_pool import LARGE, BufferPool, empty, empty_like
from axonal.neuro.ops.lif import lif

LIKE = torch.zeros(LARGE)


def test_what_is_held_is_never_given_out_again():
    held = []
    for number in range(20):
        tensor = empty_like(LIKE)
        tensor.fill_(number)
        if number % 3 == 0:
            held.append((number, tensor))
        elif number % 3 == 1:
            held.append((number, tensor.view(2, -1)[1, 5:]))
        else:
            held.append((number, torch.from_numpy(tensor.numpy()[7:])))
        del tensor
    for number, tensor in held:
        assert (tensor == number).all()


def test_room_serves_what_is_a_little_smaller_and_nothing_else():
    room = BufferPool(kept=1 << 20)
    place = room.take(900)
    where = place.ctypes.data
    del place
    for size in (700, 901):
        assert room.take(size).ctypes.data != where
    smaller = room.take(800)
    assert (smaller.ctypes.data, smaller.nbytes) == (where, 800)
    del smaller
    assert room.take(900).ctypes.data == where


def test_what_nobody_holds_is_given_out_again():
    tensor = empty_like(LIKE)
    where, view = tensor.data_ptr(), tensor[3:]
    del tensor
    assert empty_like(LIKE).data_ptr() != where
    del view
    assert empty_like(LIKE).data_ptr() == where


def test_no_more_lies_idle_than_is_kept():
    room = BufferPool(kept=250)
    places = [room.take(100) for _ in range(5)]
    del places
    assert room.idle == 200
    # sizes that are no longer asked for make way
    other = [room.take(120) for _ in range(2)]
    del other
    assert room.idle == 240


def test_a_cycle_of_garbage_gives_its_room_back():
    room = BufferPool(kept=1000)
    cycle: list = [room.take(100)]
    cycle.append(cycle)
    del cycle
    gc.collect()
    assert room.idle == 100


def test_threads_share_the_room_without_sharing_a_place():
    wrong = []

    def work(number):
        for _ in range(50):
            tensor = empty((LARGE // 4,), LIKE)
            tensor.fill_(number)
            if not (tensor == number).all():
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_results_of_an_operator_survive_later_calls():
    x = (torch.rand(40, 64, 256) * 3).requires_grad_()
    assert x.nbytes > _buffer_pool.LARGE
    v, half, one = torch.zeros(64, 256), torch.tensor(0.5), torch.tensor(1.0)
    spikes = lif(x, v, None, half, one)[0]
    before = spikes.detach().clone()
    for _ in range(3):
        lif(torch.rand_like(x), v, None, half, one)
    assert torch.equal(spikes, before)
    (gradient,) = torch.autograd.grad(spikes.sum(), x)
    reference = lif(x, v, None, half, one, backend="reference")[0]
    (wanted,) = torch.autograd.grad(reference.sum(), x)
    torch.testing.assert_close(gradient, wanted)


def test_garbage_collected_while_a_place_is_looked_for_changes_nothing():
    room = BufferPool(kept=250)
    own = [room.take(100), room.take(150)]
    late = [room.take(200)]

    class Looked(dict):
        def items(self):
            seen = list(super().items())
            late.clear()  # what comes back makes the places that were just seen go
            return seen

    del own
    room._idle = Looked(room._idle)
    assert room.idle == 250
    place = room.take(100)
    assert place.nbytes == 100
    assert room.idle == 200


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")
def test_a_fork_while_another_thread_looks_for_a_place_leaves_the_room_usable():
    room, inside, go_on = BufferPool(kept=250), threading.Event(), threading.Event()

    class Slow(dict):
        def items(self):
            if threading.current_thread() is not threading.main_thread():
                inside.set()
                go_on.wait()
            return super().items()

    room._idle = Slow()
    thread = threading.Thread(target=room.take, args=(100,))
    thread.start()
    inside.wait()
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # ends a child that waits for a lock which nobody will open
        room.take(100)
        os._exit(0)
    go_on.set()
    thread.join()
    assert os.waitpid(child, 0)[1] == 0
