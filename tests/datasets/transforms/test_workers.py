"""Any number of workers and any order of samples give the same batch."""

import hashlib
import json
import multiprocessing
import random

import pytest
from helpers.random_recordings import random_recording

from axonal.datasets import Sensor
from axonal.datasets.transforms import Compose, DropEvents, Key, Shift, TimeJitter, UniformNoise

AUGMENT = Compose([Shift(40), TimeJitter(50.0), DropEvents(0.2), UniformNoise(3.0)])
SAMPLES = 24


def digest(index: int) -> str:
    recording = random_recording(Sensor(700), 200, index)
    found = AUGMENT(recording, Key(11, 4, index))
    return hashlib.sha256(found.times.tobytes() + found.addresses.tobytes()).hexdigest()


@pytest.mark.parametrize("workers", [1, 3])
def test_workers_give_what_one_process_gives(workers: int) -> None:
    alone = [digest(index) for index in range(SAMPLES)]
    assert len(set(alone)) == SAMPLES
    shuffled = list(range(SAMPLES))
    random.Random(0).shuffle(shuffled)
    # a fork finds this module's functions, which a fresh interpreter could not import
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        found = pool.map(digest, shuffled, chunksize=1)
    assert [found[shuffled.index(k)] for k in range(SAMPLES)] == alone


def test_the_draws_of_a_key_stay_what_they_are() -> None:
    """Philox and SeedSequence are promised to stay; a run with a seed can be repeated."""
    words = Key(2026, 3, 14).within(1).generator().bit_generator.random_raw(2).tolist()
    assert words == [11885200863023444116, 8521783175545009604]


def test_a_description_stays_what_it_is() -> None:
    text = json.dumps(AUGMENT.description(), sort_keys=True)
    assert text == (
        '{"name": "Compose", "transforms": [{"dx": 40, "dy": 0, "name": "Shift"}, '
        '{"deviation": 50.0, "name": "TimeJitter", "start": 0}, '
        '{"name": "DropEvents", "probability": 0.2}, '
        '{"name": "UniformNoise", "rate": 3.0, "start": null, "stop": null}]}'
    )
