"""What users of cfdb and envlib do, with `catalog.ebooklet` in its place; a process of its own, which ends with "done"."""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any

import catalog.ebooklet

sys.modules["ebooklet"] = catalog.ebooklet

import cfdb  # noqa: E402 - the drop-in has to be there first
import envlib  # noqa: E402
import numpy as np  # noqa: E402

PLACE: dict[str, str] = json.loads(os.environ["PROGRAMS_PLACE"])
FOLDER = Path(PLACE["folder"])


def at(name: str) -> catalog.ebooklet.S3Connection:
    """A place in the public bucket."""
    url = f"{PLACE['endpoint_url']}/{PLACE['bucket']}/{name}"
    return catalog.ebooklet.S3Connection(PLACE["id"], PLACE["secret"], name, PLACE["bucket"], PLACE["endpoint_url"], url)


def fill(dataset: Any, variable: str, value: float) -> None:
    """Give a grid its coordinates and one variable."""
    dataset.create.coord.lat(data=np.linspace(-40, -35, 6).round(1))
    dataset.create.coord.lon(data=np.linspace(170, 175, 6).round(1))
    dataset.create.coord.time(data=np.arange("2020-01-01", "2020-01-11", dtype="datetime64[D]"))
    dataset.create.crs.from_user_input(4326, x_coord="longitude", y_coord="latitude")
    made = dataset.create.data_var.generic(variable, ("latitude", "longitude", "time"), dtype="float32")
    made.attrs["units"] = "K"
    made[:] = np.full((6, 6, 10), value, dtype="float32")


def use_cfdb() -> None:
    """Make a dataset, push it, push it again, read it by its address, copy it to a file, change it."""
    place = at("programs/rain.cfdb")
    with cfdb.open_edataset(place, FOLDER / "a.cfdb", "n", dataset_type="grid") as dataset:
        fill(dataset, "precip", 1)
        dataset.attrs["title"] = "rain"
        assert dataset.push().updated
        assert not dataset.push().updated
        dataset.prune()
    with cfdb.open_edataset(place.db_url, FOLDER / "b.cfdb") as dataset:
        assert float(dataset["precip"].values.sum()) == 360
        assert dataset.attrs["title"] == "rain"
        dataset.copy(FOLDER / "c.cfdb")
    with cfdb.open_dataset(FOLDER / "c.cfdb") as dataset:
        assert float(dataset["precip"].values.sum()) == 360
    with cfdb.open_edataset(place, FOLDER / "a.cfdb", "w") as dataset:
        dataset["precip"][0:3, 0:3, 0:5] = np.zeros((3, 3, 5), dtype="float32")
        assert [change["key"] for change in dataset.changes().iter_changes()]
        assert not dataset.push().failures
    with cfdb.open_edataset(place.db_url, FOLDER / "b.cfdb") as dataset:
        assert float(dataset["precip"].values.sum()) == 315
    with cfdb.open_edataset(place, FOLDER / "a.cfdb", "w") as dataset:
        dataset.copy_remote(at("programs/copied.cfdb"))


def use_envlib() -> None:
    """Publish a dataset to a catalogue that is made by that, query it by its address, open what was found, take it back."""
    home, member, file = at("programs/catalogue.rcg"), at("programs/temperature.cfdb"), FOLDER / "temperature.cfdb"
    described = envlib.Metadata(
        feature="atmosphere",
        variable="temperature",
        method="simulation",
        processing_level="raw",
        aggregation_statistic="mean",
        frequency_interval="day",
        owner="me",
        product_code="p",
        version="1",
        license="CC-BY-4.0",
        utc_offset="+00:00",
        spatial_resolution="1deg",
        attribution="me",
    )
    with cfdb.open_dataset(file, "n", dataset_type="grid") as dataset:
        fill(dataset, "temperature", 1)
        dataset.attrs.update(described.to_dict())
    with warnings.catch_warnings(record=True):
        catalogue = envlib.Catalogue(remotes=[home], cache=FOLDER / "mine")
    published = catalogue.publish(file, member, home)
    assert catalogue.variables == ["temperature"]
    found = envlib.Catalogue(remotes=[home.db_url], cache=FOLDER / "theirs").query(
        variable="temperature", bbox=[166, -47, 179, -34], start_date="2020-01-05"
    )
    with found[0].open() as dataset:
        assert float(dataset["temperature"].values.sum()) == 360
    catalogue.publish(file, member, home)
    catalogue.deregister(
        published["dataset_version_id"], home, delete_data=True, access_key_id=PLACE["id"], access_key=PLACE["secret"]
    )
    assert catalogue.datasets == []
    assert not member.open().initialized


use_cfdb()
use_envlib()
print("done")
