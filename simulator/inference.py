"""Opening a local network and its word pieces: one thread, CPU, no padding, so that machines agree."""

from pathlib import Path
from typing import Any


def opened(model: Path) -> Any:
    """An ONNX file, ready to run on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def word_pieces(path: Path, longest: int | None = None) -> Any:
    """A tokenizer that cuts nothing, or after `longest` word pieces."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    if longest is None:
        tokenizer.no_truncation()
    else:
        tokenizer.enable_truncation(longest)
    return tokenizer
