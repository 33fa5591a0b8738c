"""Text for language models: tokenizers, token files in mapped memory, windows, and scores.

>>> from axonal.datasets.text import Characters
>>> Characters.of("banana").encode("ban").tolist()
[1, 0, 2]
"""

from axonal.datasets.text.bpe import BPE
from axonal.datasets.text.byte_level import Bytes
from axonal.datasets.text.characters import Characters
from axonal.datasets.text.corpora import movie_reviews, tiny_shakespeare, wikitext2
from axonal.datasets.text.kinds import from_settings
from axonal.datasets.text.random_windows import RandomWindows
from axonal.datasets.text.score import Score
from axonal.datasets.text.strided import Stride, strided
from axonal.datasets.text.token_file import TokenFile, open_tokens, token_file, write_tokens
from axonal.datasets.text.tokenizer import Tokenizer

__all__ = [
    "BPE", "Bytes", "Characters", "RandomWindows", "Score", "Stride", "TokenFile", "Tokenizer",
    "from_settings", "movie_reviews", "open_tokens", "strided", "tiny_shakespeare", "token_file",
    "wikitext2", "write_tokens",
]  # fmt: skip
