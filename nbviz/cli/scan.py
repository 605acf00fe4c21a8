"""`nbviz scan`: make an atlas, or go on with one."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path

from .command import Command
from .networks import network_arguments, network_of


def _share(text: str) -> tuple[int, int]:
    """'3/16' as (3, 16); counted from 0, as job arrays are."""
    number, slash, of = text.partition("/")
    if not (slash and number.isdigit() and of.isdigit() and int(number) < int(of)):
        raise ArgumentTypeError(f"{text!r} is not a share such as 0/16 … 15/16")
    return int(number), int(of)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _arguments(parser: ArgumentParser) -> None:
    network_arguments(parser)
    parser.add_argument("dataset", help="folder of pictures, tar file, or pattern such as 'train-{000..146}.tar'")
    parser.add_argument("atlas", type=Path, help="folder to write; an unfinished scan in it goes on")
    parser.add_argument("--layers", type=_names, help="names or patterns, such as 'layer3*,layer4*' (default: all)")
    parser.add_argument("--k", type=int, default=9, help="patches of each channel (default 9)")
    parser.add_argument("--batch", type=int, help="pictures that run together (default 32)")
    parser.add_argument("--workers", type=int, help="other processes on this machine, one a GPU")
    parser.add_argument("--engine", help="'processes', 'dask', or the address of a Dask scheduler: tcp://host:8786")
    parser.add_argument(
        "--share", type=_share, metavar="I/N", help="do the I-th of N equal shares and no more, as a job of an array"
    )
    parser.add_argument(
        "--with",
        dest="added",
        type=_names,
        default=[],
        metavar="KINDS",
        help="what to add once the scan is finished, such as 'deconvnet,visualize'",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def _run(options: Namespace) -> None:
    from ..atlas import scan

    settings = {} if options.batch is None else {"batch": options.batch}
    net = network_of(options)
    atlas = scan(
        net,
        options.dataset,
        options.atlas,
        layers=options.layers,
        k=options.k,
        workers=options.workers,
        engine=options.engine,
        progress=not options.quiet,
        share=options.share,
        **settings,
    )
    for kind in options.added if atlas.complete else ():
        atlas.add(
            kind,
            net,
            options.layers,
            options.workers,
            options.engine,
            progress=not options.quiet,
            share=options.share,
        )
    print(atlas)
    for name, reason in atlas.skipped:
        print(f"skipped: {name}: {reason}")


SCAN = Command(
    "scan",
    "find the strongest patches of a data set for every unit of a network",
    """
nbviz scan resnet50 photos/ atlas/                         # a folder, flat or with a sub-folder for each class
nbviz scan resnet50 photos/ atlas/                         # again, after Ctrl-C or a crash: it goes on
nbviz scan my_package.nets:make photos/ atlas/ --layers 'layer4*' --k 16
nbviz scan resnet50 photos/ atlas/ --with deconvnet,visualize           # each patch's projection, too
nbviz scan resnet50 'train-{000..146}.tar' atlas/ --workers 8           # one process a GPU
nbviz scan resnet50 photos/ atlas/ --engine tcp://scheduler:8786        # on a Dask cluster
nbviz scan resnet50 photos/ atlas/ --share $SLURM_ARRAY_TASK_ID/16      # one job of an array of 16
nbviz scan mobilenet_v2 photos/ atlas/ --weights mine.safetensors
""",
    _arguments,
    _run,
)
