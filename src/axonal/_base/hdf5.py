"""HDF5 files of strangers: what leads out of a file or claims more than it holds is refused.

HDF5 follows links, external storage and virtual data sets to any file that may be read, and
allocates what a header declares before it looks for it. `checked` walks over a file first: every
object has one name, lies in the file, and declares no more than what is stored can unpack to.
"""

import math
import mmap
import os
import struct
import zlib
from collections.abc import Collection
from typing import Any

import numpy as np

# Deflate packs 1032 bytes into one at best; the other filters of h5py pack less, but for szip.
LARGEST_RATIO = 1032
UNSTORED = 1 << 20
"""Bytes that a foreign file may declare without storing them: HDF5 leaves out what is zero."""

_DEEPEST = 100
_DESCRIPTOR = 16  # of an element of variable length: a count, an address and an index


class UnfitFile(ValueError):
    """An HDF5 file that leads out of itself or declares what it does not hold.

    >>> raise UnfitFile("/x is a link to another file")
    Traceback (most recent call last):
    axonal._base.hdf5.UnfitFile: /x is a link to another file
    """


def checked(file: Any, *, own: bool, filters: Collection[int] = ()) -> None:
    """Look at every object of an open file before anything is read from it.

    Args:
        file: an `h5py.File`.
        own: whether it is a format of ours, in which nothing is left out and attributes are plain.
            A foreign file may declare `UNSTORED` bytes that it does not store.
        filters: numbers of filters that may pack a data set beside those of h5py; they too pack at
            most `LARGEST_RATIO` bytes into one.

    Raises:
        UnfitFile: one line that names the object.
        OSError, RuntimeError, KeyError, ValueError: those of h5py, for a file that is damaged.
    """
    _Walk(file, own, filters).walk()


def short_text(file: Any, name: str) -> str | None:
    """An attribute of an open file that is one text; None if there is none of the name.

    Raises:
        UnfitFile: it is no text, or says that it is longer than the file.
        OSError, RuntimeError, KeyError, ValueError: those of h5py, for a file that is damaged.
    """
    from h5py import h5t

    if name not in file.attrs:
        return None
    attribute = file.attrs.get_id(name)
    check_type(name, attribute.get_type())
    walk = _Walk(file, True)
    plain = attribute.get_storage_size() <= walk.size and not _variable(attribute.get_type())
    if attribute.get_type().get_class() != h5t.STRING or not (plain or walk.short_text(attribute)):
        raise UnfitFile(f"the attribute {name} is no text, or longer than the file")
    found = file.attrs[name]
    return found.decode(errors="replace") if isinstance(found, bytes) else str(found)


class _Walk:
    def __init__(self, file: Any, own: bool, filters: Collection[int] = ()) -> None:
        self.root, self.own = file.id, own
        self.packing = _packing() | set(filters)
        self.handle = int(file.id.get_vfd_handle())
        self.size = os.fstat(self.handle).st_size
        self.stored, self.unstored = 0, 0
        self.heaps: set[int] = set()
        self.base = file.id.get_create_plist().get_userblock()
        if file.id.get_create_plist().get_sizes() != (8, 8):
            raise UnfitFile("HDF5 with addresses or sizes of other than 8 bytes is not read")

    def walk(self) -> None:
        from h5py import h5d, h5g, h5o

        top = h5g.open(self.root, b"/")
        waiting = [("", top, 0)]
        seen = {h5o.get_info(top).addr}
        while waiting:
            path, item, depth = waiting.pop()
            self.attributes(path, item)
            if isinstance(item, h5d.DatasetID):
                self.dataset(path, item)
            if not isinstance(item, h5g.GroupID):
                continue
            if depth > _DEEPEST:
                raise UnfitFile(f"{path[:80]}... has more than {_DEEPEST} groups in each other")
            for raw in self.names(item):
                try:
                    name = f"{path}/{raw.decode()}"
                except UnicodeDecodeError:
                    raise UnfitFile(
                        f"{path or '/'} has a name that is not UTF-8: {raw!r}"
                    ) from None
                self.link(name, item, raw)
                below = h5o.open(item, raw)
                address = h5o.get_info(below).addr
                if address in seen:
                    raise UnfitFile(f"{name} is another name of an object; each has one")
                seen.add(address)
                waiting.append((name, below, depth + 1))

    @staticmethod
    def names(group: Any) -> list[bytes]:
        found: list[bytes] = []
        group.links.iterate(found.append)
        return found

    @staticmethod
    def link(name: str, group: Any, raw: bytes) -> None:
        from h5py import h5l

        kind = group.links.get_info(raw).type
        if kind != h5l.TYPE_HARD:
            what = "a soft link" if kind == h5l.TYPE_SOFT else "a link to another file"
            raise UnfitFile(f"{name} is {what}, which is not followed: store the data themselves")

    def attributes(self, path: str, item: Any) -> None:
        if not self.own:
            return
        from h5py import h5a

        for k in range(h5a.get_num_attrs(item)):
            attribute = h5a.open(item, index=k)
            kind, size = attribute.get_type(), attribute.get_storage_size()
            check_type(f"{path or '/'}: attribute {attribute.name.decode(errors='replace')}", kind)
            if size > self.size or (_variable(kind) and not self.short_text(attribute)):
                name = attribute.name.decode(errors="replace")
                raise UnfitFile(f"{path or '/'}: attribute {name} is larger than the file")

    def short_text(self, attribute: Any) -> bool:
        """Whether all that could be this text of variable length declares less than the file has.

        HDF5 does not tell where an attribute lies, but its name stands before it in clear:
        version, flags, sizes of name, type and space [2 each], in version 3 the encoding; name,
        type, space, each filled up to 8 bytes in version 1; data.
        """
        from h5py import h5t

        if not (attribute.get_type().get_class() == h5t.STRING and attribute.shape == ()):
            return False
        name = attribute.name + b"\0"
        with mmap.mmap(self.handle, 0, prot=mmap.PROT_READ) as content:
            found, place = [], content.find(name)
            while place >= 0:
                for version in (1, 2, 3):
                    head = content[max(place - (9 if version == 3 else 8), 0) : place]
                    if head[0:1] != bytes([version]) or len(head) < 8:
                        continue
                    sizes = struct.unpack("<HHH", head[2:8])
                    filled = [-(-n // 8) * 8 if version == 1 else n for n in sizes]
                    variable = content[place + filled[0] : place + filled[0] + 1]
                    if sizes[0] == len(name) and variable and variable[0] & 15 == h5t.VLEN:
                        found.append(place + sum(filled))
                place = content.find(name, place + 1)
            texts = [struct.unpack("<IQ", content[data : data + 12]) for data in found]
        for _, place in texts:
            self.heap(attribute.name.decode(errors="replace"), place)
        return bool(texts) and max(length for length, _ in texts) <= self.size

    def dataset(self, path: str, item: Any) -> None:
        from h5py import h5d

        recipe = item.get_create_plist()
        if recipe.get_layout() == h5d.VIRTUAL or recipe.get_external_count():
            raise UnfitFile(f"{path} lies in another file, which is not followed: store it here")
        filters = [recipe.get_filter(k)[0] for k in range(recipe.get_nfilters())]
        self.filters(path, filters)
        kind = item.get_type()
        check_type(path, kind)
        cells = math.prod(item.shape) if item.shape else 1
        width = _DESCRIPTOR if _variable(kind) else kind.get_size()
        stored, declared = int(item.get_storage_size()), cells * width
        whole = True
        if recipe.get_layout() == h5d.CHUNKED:
            chunk = recipe.get_chunk()
            pieces = math.prod(-(-n // c) for n, c in zip(item.shape, chunk, strict=True))
            # A chunk is unpacked as a whole, and pieces of it may lie outside the array.
            declared = max(declared, pieces * math.prod(chunk) * width)
            whole = item.get_num_chunks() == pieces if cells else True
        self.stored += stored
        possible = stored * (LARGEST_RATIO if set(filters) & self.packing else 1)
        if cells:
            self.unstored += max(0, declared - possible)
        if self.stored > self.size or self.unstored > (0 if self.own else UNSTORED):
            raise UnfitFile(
                f"{path} declares {declared} bytes, and the file of {self.size} bytes holds "
                f"{stored} for it"
            )
        if self.own and not whole:
            raise UnfitFile(f"{path} is not whole: a part of it was never stored")
        if _variable(kind):
            self.variable(path, item, filters)

    def filters(self, path: str, filters: list[int]) -> None:
        from h5py import h5z

        known = {*self.packing, h5z.FILTER_SHUFFLE, h5z.FILTER_FLETCHER32}
        if set(filters) - known or len(set(filters) & self.packing) > 1:
            raise UnfitFile(f"{path} is packed by filters {filters} of HDF5: use gzip or none")
        if len(filters) != len(set(filters)):
            raise UnfitFile(f"{path} is packed twice by filters {filters} of HDF5: use gzip once")

    def variable(self, path: str, item: Any, filters: list[int]) -> None:
        """Elements of variable length: their lengths are believed by HDF5 before it looks."""
        from h5py import h5t

        kind = item.get_type()
        base = 1 if kind.get_class() == h5t.STRING else None
        if kind.get_class() == h5t.VLEN and not _variable(kind.get_super()):
            base = kind.get_super().get_size()
        if base is None:
            raise UnfitFile(f"{path} has elements of variable length inside others: store it flat")
        total = 0
        for part in self.pieces(item, filters):
            total += int(part[:, 0].sum(dtype=np.int64))
            places = part[:, 1].astype(np.uint64) | part[:, 2].astype(np.uint64) << np.uint64(32)
            for place in np.unique(places[places != 0]).tolist():
                self.heap(path, place)
        self.stored += total * base
        if self.stored > self.size:
            raise UnfitFile(
                f"{path} declares elements of {total * base} bytes together, in a file of "
                f"{self.size} bytes"
            )

    def heap(self, path: str, place: int) -> None:
        """A collection of elements: HDF5 walks over it for ever where a gap has no length.

        Signature, version, 3 bytes, size of all [8]; then objects, each an index [2], a count [2],
        4 bytes, a size [8] and its bytes, filled up to 8. Index 0 is the gap, its head included.
        """
        if place in self.heaps:
            return
        self.heaps.add(place)
        begin = self.base + place
        head = os.pread(self.handle, 16, begin) if begin < self.size else b""
        size = int.from_bytes(head[8:], "little")
        fits = head[:4] == b"GCOL" and begin + size <= self.size
        at = 16
        while fits and at + 16 <= size:
            one = os.pread(self.handle, 16, begin + at)
            index, length = one[:2], int.from_bytes(one[8:], "little")
            if index == b"\0\0":
                fits = length >= 16
            else:
                length = 16 + -(-length // 8) * 8
            at += length
            fits = fits and at <= size
        if not fits:
            raise UnfitFile(f"{path} has elements in a damaged part of the file, byte {begin}")

    def pieces(self, item: Any, filters: list[int]) -> Any:
        """Descriptors `[n, 4]` of a data set, as they are stored."""
        from h5py import h5d, h5z

        recipe = item.get_create_plist()
        if not item.get_storage_size():
            return
        if recipe.get_layout() == h5d.CONTIGUOUS:
            count = math.prod(item.shape) * _DESCRIPTOR
            yield self.descriptors(os.pread(self.handle, count, item.get_offset()))
            return
        if recipe.get_layout() != h5d.CHUNKED:
            raise UnfitFile("texts of variable length in a header of HDF5: store them outside")
        length = math.prod(recipe.get_chunk()) * _DESCRIPTOR
        for k in range(item.get_num_chunks()):
            chunk = item.get_chunk_info(k)
            raw = os.pread(self.handle, chunk.size, chunk.byte_offset)
            for place, filter_ in reversed(list(enumerate(filters))):
                if chunk.filter_mask >> place & 1:
                    continue
                if filter_ == h5z.FILTER_FLETCHER32:
                    raw = raw[:-4]
                elif filter_ == h5z.FILTER_DEFLATE:
                    raw = zlib.decompressobj().decompress(raw, length + 4)
                elif filter_ == h5z.FILTER_SHUFFLE:
                    whole = np.frombuffer(raw[: len(raw) // _DESCRIPTOR * _DESCRIPTOR], np.uint8)
                    raw = whole.reshape(_DESCRIPTOR, -1).T.tobytes()
                else:
                    raise UnfitFile(f"elements of variable length under filters {filters} of HDF5")
            yield self.descriptors(raw)

    @staticmethod
    def descriptors(raw: bytes) -> Any:
        return np.frombuffer(raw[: len(raw) // _DESCRIPTOR * _DESCRIPTOR], "<u4").reshape(-1, 4)


def check_type(path: str, kind: Any) -> None:
    """Refuse types that HDF5 does not look at closely enough, and then crashes on.

    Raises:
        UnfitFile: whole numbers that do not fill their bytes, floats that are none of IEEE's,
            elements of variable length that are neither sequences nor texts.
    """
    from h5py import h5t

    sort, sound = kind.get_class(), True
    if sort == h5t.INTEGER:
        sound = kind.get_offset() == 0 and kind.get_precision() == 8 * kind.get_size() <= 64
    elif sort == h5t.BITFIELD:
        names = (f"STD_B{bits}{order}" for bits in (8, 16, 32, 64) for order in ("LE", "BE"))
        sound = any(kind.equal(getattr(h5t, name)) for name in names)
    elif sort == h5t.TIME:
        sound = False
    elif sort == h5t.FLOAT:
        names = (f"IEEE_F{bits}{order}" for bits in (16, 32, 64) for order in ("LE", "BE"))
        sound = any(kind.equal(getattr(h5t, name)) for name in names)
    elif sort in (h5t.VLEN, h5t.ENUM, h5t.ARRAY):
        # of variable length there are sequences, 0 in this half byte, and texts; others crash
        sound = sort != h5t.VLEN or kind.encode()[3] & 15 == 0
        check_type(path, kind.get_super())
    elif sort == h5t.COMPOUND:
        for k in range(kind.get_nmembers()):
            check_type(path, kind.get_member_type(k))
            end = kind.get_member_offset(k) + kind.get_member_type(k).get_size()
            sound = sound and end <= kind.get_size()
    if not sound:
        raise UnfitFile(f"{path} has elements of an unusual layout: store whole bytes, or IEEE's")


def _packing() -> set[int]:
    from h5py import h5z

    return {int(h5z.FILTER_DEFLATE), int(h5z.FILTER_LZF), int(h5z.FILTER_SZIP)}


def _variable(kind: Any) -> bool:
    """Whether a type has a part of variable length, at any depth."""
    from h5py import h5t

    return bool(kind.detect_class(h5t.VLEN)) or (
        kind.get_class() == h5t.STRING and kind.is_variable_str()
    )
