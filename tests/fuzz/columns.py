"""Malformed Parquet files and NumPy arrays: well written, and of what they should not hold."""

from __future__ import annotations

import io
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .mutate import ODD, mutated_bytes

_TYPES = [
    pa.int8(), pa.int32(), pa.int64(), pa.uint64(), pa.float16(), pa.float32(), pa.float64(), pa.bool_(),
    pa.string(), pa.large_string(), pa.binary(), pa.timestamp("ms"), pa.date32(), pa.decimal128(30, 2),
    pa.list_(pa.int32()), pa.struct([("a", pa.int32())]), pa.null(), pa.duration("s"),
    pa.dictionary(pa.int8(), pa.string()), pa.list_(pa.string()), pa.map_(pa.string(), pa.int32()),
]  # fmt: skip
_NUMBERS = [
    float("nan"),
    float("inf"),
    -float("inf"),
    -1.0,
    -0.0,
    1e308,
    1e18,
    1e10,
    1e7,
    5e-324,
    2.0**63,
]
_INTEGERS = [-1, 0, 1, 2**31, 2**62, -(2**63), 10**8, 10**7]
_TEXTS = [
    "",
    " ",
    "\x00",
    "x" * 20_000,
    "..",
    "../../evil",
    "unknown",
    "\u202e",
    "<b>",
    "a b",
    "\n",
]


def mutated_parquet(random: Random, content: bytes) -> bytes:
    """A Parquet file of other types, values, columns or rows, or of other bytes."""
    if random.random() < 0.35:
        return mutated_bytes(random, content)
    table = pq.read_table(io.BytesIO(content))
    for _ in range(random.choice([1, 1, 2])):
        table = _mutated(random, table)
    target = io.BytesIO()
    options: dict[str, Any] = {"compression": random.choice(["none", "zstd", "snappy"])}
    if random.random() < 0.1:
        options["row_group_size"] = 3
    pq.write_table(table, target, **options)
    return target.getvalue()


def _mutated(random: Random, table: pa.Table) -> pa.Table:  # noqa: PLR0912 (one branch a kind of damage)
    place = random.randrange(table.num_columns) if table.num_columns else 0
    if not table.num_columns:
        return table
    name, column = table.column_names[place], table.column(place)
    how = random.randrange(10)
    if how == 0:
        return table.remove_column(place)
    if how == 1:
        return table.append_column(random.choice([name, "x"]), column)
    if how == 2:
        names = list(table.column_names)
        names[place] = random.choice(["x", "", name])
        return table.rename_columns(names)
    if how == 3:
        rows = list(range(len(table)))
        random.shuffle(rows)
        return table.take(pa.array(rows[: random.choice([0, 1, len(rows)])], pa.int64()))
    if how == 4:
        return pa.concat_tables([table, table.slice(0, random.randrange(len(table) + 1))])
    kind = random.choice(_TYPES)
    if how in (5, 6):
        try:
            return table.set_column(place, name, column.cast(kind, safe=False))
        except (pa.ArrowException, NotImplementedError):
            return table.set_column(place, name, pa.nulls(len(table), kind))
    if pa.types.is_dictionary(column.type):
        column = column.cast(pa.string())
    values = column.to_pylist()
    for _ in range(random.choice([1, 1, len(values)])):
        if not values:
            break
        if pa.types.is_string(column.type):
            odd: Any = random.choice([None, *_TEXTS])
        else:
            odd = random.choice(
                [None, *(_NUMBERS if pa.types.is_floating(column.type) else _INTEGERS)]
            )
        values[random.randrange(len(values))] = odd
    return table.set_column(place, name, pa.array(values, column.type))


_DTYPES = [
    "<f2",
    ">f2",
    "<f4",
    "<f8",
    "<i4",
    "<u8",
    "|b1",
    "<c8",
    "|S4",
    "<U3",
    "<M8[s]",
    "|V8",
    "<f2",
]


def mutated_array(random: Random, content: bytes) -> bytes:
    """An .npy file of another type, shape, values or header, or of other bytes."""
    how = random.randrange(8)
    if how < 3:
        return mutated_bytes(random, content)
    array = np.load(io.BytesIO(content))
    if how == 3:
        shape = random.choice(
            [
                (),
                (0, 4),
                (4, 0),
                (len(array),),
                (len(array), 2, 2),
                (1, 1),
                (2**40, 4),
                (2**62, 2**62),
                (-1, 4),
            ]
        )
        dtype = random.choice([*_DTYPES, "O", "<f2)", "__import__('os')", [("a", "<f2")], "|O8"])
        header = {"descr": dtype, "fortran_order": random.random() < 0.2, "shape": shape}
        text = repr(random.choice([header, {**header, "x": 1}, [header], random.choice(ODD[:12])]))
        body = text.encode() + b" " * (117 - len(text) % 64) + b"\n"
        return b"\x93NUMPY\x01\x00" + len(body).to_bytes(2, "little") + body + array.tobytes()
    if how == 4:
        array = array[: random.randrange(len(array))]
    elif how == 5:
        array = array.copy()
        array[random.randrange(len(array))] = random.choice(_NUMBERS[:4])
    elif how == 6:
        array = array[:, : random.randrange(array.shape[1] + 1)]
    else:
        with np.errstate(all="ignore"):
            try:
                array = array.astype(random.choice(_DTYPES))
            except (TypeError, ValueError):
                array = array.astype("<f4").T
    target = io.BytesIO()
    np.save(target, array, allow_pickle=False)
    return target.getvalue()
