"""`rag models`: list, add, choose, remove and prepare models."""

from __future__ import annotations

from typing import Annotated

import typer

from rag.cli.options import JsonOption
from rag.cli.running import bar, make_config, print_json

models_app = typer.Typer(
    help="The models: list, add, choose, remove, prepare.\n\nExample: rag models list",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@models_app.command("list")
def models_list(as_json: JsonOption = False) -> None:
    """List the models; a star marks those in use.

    Example: rag models list
    """
    from rag.models import Registry

    registry = Registry.load(make_config(None))
    rows = []
    for spec in registry.specs():
        used = registry.current(spec.kind).name == spec.name
        rows.append(
            {
                "name": spec.name,
                "kind": spec.kind,
                "in_use": used,
                "source": spec.source,
                "licence": spec.licence,
            }
            | {"note": spec.note}
        )
    if as_json:
        print_json(rows)
        return
    for row in rows:
        mark = "*" if row["in_use"] else " "
        print(f"{mark} {row['name']:<20} {row['kind']:<10} {row['source']}  {row['note']}".rstrip())


@models_app.command("add")
def models_add(
    name: Annotated[str, typer.Argument(help="A name of your choice.")],
    source: Annotated[
        str, typer.Argument(help="A .gguf file, a model folder, a hub id, or a server's address.")
    ],
    sha256: Annotated[
        str | None, typer.Option("--sha256", help="Refuse the file unless this is its checksum.")
    ] = None,
) -> None:
    """Add a model.

    Example: rag models add qwen4b ~/models/qwen3-4b-instruct-q4_k_m.gguf
    """
    import os

    from rag.models import Registry

    os.environ["HF_HUB_OFFLINE"] = "0"  # the one command that may fetch something, because it was asked to
    with bar(f"fetching {name}") as advance:
        spec = Registry.load(make_config(None)).add(
            name, source, sha256=sha256, on_progress=lambda _, *counts: advance(*counts)
        )
    print(f"added {spec.name}, a {spec.kind}; use it with: rag models use {spec.name}")
    if spec.note:
        print(spec.note)


@models_app.command("use")
def models_use(name: Annotated[str, typer.Argument(help="Name of the model.")]) -> None:
    """Use a model from now on.

    Example: rag models use qwen4b
    """
    from rag.models import Registry

    spec = Registry.load(make_config(None)).use(name)
    print(f"{spec.name} is now the {spec.kind}")


@models_app.command("remove")
def models_remove(name: Annotated[str, typer.Argument(help="Name of the model.")]) -> None:
    """Forget a model that was added; your own files are not touched.

    Example: rag models remove qwen4b
    """
    from rag.models import Registry

    spec = Registry.load(make_config(None)).remove(name)
    print(f"{spec.name} removed")


@models_app.command("prepare")
def models_prepare() -> None:
    """Prepare the models in use, so that the first question need not wait.

    Example: rag models prepare
    """
    from rag.assistant import make_embedder, make_generator, make_scorer
    from rag.models import Registry

    config = make_config(None)
    registry = Registry.load(config)
    told: list[str] = []

    def tell(line: str) -> None:
        told.append(line)
        print(line, flush=True)

    embedder = registry.current("embedder", config.embedder)
    make_embedder(embedder, config, on_prepare=tell)
    scorer = registry.current("scorer", config.scorer)
    make_scorer(scorer, config)
    generator = registry.current("generator", config.model)
    make_generator(generator, config, on_prepare=tell).close()
    print(f"{'prepared' if told else 'ready'}: {embedder.name}, {scorer.name}, {generator.name}")
