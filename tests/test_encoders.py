"""The default embedder, for real: vectors that are unit, ordered, repeatable and true to the original."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from rag.assistant import make_embedder
from rag.config import Config
from rag.encoders import open_embedder
from rag.errors import ModelDamaged
from rag.models import ModelSpec, Registry
from rag.protocols import Embedder

pytestmark = pytest.mark.model
TEXTS = (
    "Four people died when the dam failed.",
    "rain",
    "",
    "The council said on Thursday that the work would take eleven weeks and cost £2.4 million. " * 3,
    "قال مسؤولون إن السد انهار",
    "Who signed the agreement?",
    "Why was nobody warned?",
    "The ferry was last used in 1987.",
    "Shares in the ferry operator fell after the regulator opened an inquiry into its fares.",
)


@pytest.fixture(scope="module")
def config(model_cache: Path) -> Config:
    return Config(cache_dir=model_cache, config_dir=model_cache / "no-config", threads=2)


@pytest.fixture(scope="module")
def spec(config: Config) -> ModelSpec:
    return Registry.load(config).current("embedder")


@pytest.fixture(scope="module")
def embedder(spec: ModelSpec, config: Config) -> Embedder:
    return make_embedder(spec, config)


def cosines(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.sum(left * right, axis=1)


def test_unit_vectors(embedder: Embedder) -> None:
    vectors = embedder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dimension) == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-4)


def test_no_texts(embedder: Embedder) -> None:
    assert embedder.encode([]).shape == (0, embedder.dimension)
    assert embedder.count_tokens([]) == []


def test_order_is_kept_whatever_the_lengths(embedder: Embedder) -> None:
    batched = embedder.encode(TEXTS)
    single = np.concatenate([embedder.encode([text]) for text in TEXTS])
    assert cosines(batched, single).min() > 0.98
    assert (np.argmax(batched @ single.T, axis=1) == np.arange(len(TEXTS))).all()


def test_a_remembered_vector_is_the_same(embedder: Embedder) -> None:
    assert np.array_equal(embedder.encode(TEXTS[:1]), embedder.encode(TEXTS[:1]))


def test_meaning_is_near(embedder: Embedder) -> None:
    question, near, far = embedder.encode(
        ["How many died in the flood?", "The flood killed four people.", "Shares in the ferry firm fell."]
    )
    assert question @ near > question @ far + 0.2


def test_what_is_too_long_is_cut(embedder: Embedder) -> None:
    words = "river " * embedder.max_tokens
    assert embedder.count_tokens([words]) == [embedder.max_tokens]
    longer = embedder.encode([words + "parliament budget"])
    assert cosines(embedder.encode([words]), longer)[0] == pytest.approx(1.0, abs=1e-4)


def test_tokens_are_counted_without_the_special_ones(embedder: Embedder) -> None:
    assert embedder.count_tokens(["", "rain", "rain rain"]) == [0, 1, 2]


def test_threads_get_the_same_vectors(embedder: Embedder) -> None:
    expected = embedder.encode(TEXTS)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: embedder.encode(TEXTS), range(8)):
            assert np.array_equal(found, expected)


def test_the_fingerprint_names_the_weights(embedder: Embedder, spec: ModelSpec) -> None:
    assert embedder.name == spec.name
    assert embedder.fingerprint.startswith(spec.sha256["model.safetensors"][:16])


def test_close_to_the_original(embedder: Embedder, spec: ModelSpec) -> None:
    from sentence_transformers import SentenceTransformer

    texts = [text for text in TEXTS if " " in text]
    original = SentenceTransformer(str(spec.path), device="cpu", local_files_only=True)
    reference = original.encode(texts, normalize_embeddings=True)
    assert cosines(embedder.encode(texts), reference).mean() > 0.98


@pytest.fixture
def copied(config: Config, embedder: Embedder, tmp_path: Path) -> tuple[Path, Path]:
    """A cache folder of its own, and the prepared model in it."""
    (source,) = (config.cache_dir / "encoders").glob(f"{embedder.fingerprint[:16]}-v*")
    target = tmp_path / "encoders" / source.name
    shutil.copytree(source, target)
    return tmp_path, target


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_damaged_copy_is_never_served(copied: tuple[Path, Path], spec: ModelSpec, name: str) -> None:
    cache, prepared = copied
    data = bytearray((prepared / name).read_bytes())
    data[len(data) // 2] ^= 0xFF
    (prepared / name).write_bytes(data)

    def refuse() -> None:
        raise ModelDamaged("the originals are damaged too")

    assert spec.path is not None
    with pytest.raises(ModelDamaged, match="damaged too"):
        open_embedder(
            spec.path,
            name=spec.name,
            sha256=spec.sha256["model.safetensors"],
            cache_dir=cache,
            threads=1,
            before_preparing=refuse,
        )


def test_a_damaged_copy_is_made_anew(copied: tuple[Path, Path], spec: ModelSpec, embedder: Embedder) -> None:
    cache, prepared = copied
    (prepared / "encoder.json").write_text("{}", encoding="utf-8")
    again = make_embedder(spec, Config(cache_dir=cache, config_dir=cache / "config", threads=1))
    assert again.fingerprint == embedder.fingerprint
    assert cosines(again.encode(TEXTS[:1]), embedder.encode(TEXTS[:1]))[0] > 0.999
    assert json.loads((prepared / "encoder.json").read_text(encoding="utf-8"))["sha256"]
    assert [path.name for path in prepared.parent.iterdir()] == [prepared.name]
