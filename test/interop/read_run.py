"""Reads a run as its users do and prints what was found, one JSON object.

usage: read_run.py datasets DIRECTORY
       read_run.py arrow-and-duckdb LOCATION   (a directory, or s3://bucket/prefix with AWS_* in the environment)
"""

import json
import os
import sys


def with_datasets(run):
    from datasets import get_dataset_config_names, load_dataset, load_dataset_builder

    found = {}
    for name in get_dataset_config_names(run):
        data = load_dataset(run, name, split="train")
        found[name] = {
            "rows": len(data),
            "card": card_of(load_dataset_builder(run, name).info),
            "columns": {column: feature.dtype for column, feature in data.features.items()},
            "first": data[0] if len(data) else None,
            "last": data[-1] if len(data) else None,
        }
    return found


def card_of(info):
    split = info.splits["train"]
    return {
        "rows": split.num_examples,
        "bytes": split.num_bytes,
        "download": info.download_size,
        "columns": {column: feature.dtype for column, feature in info.features.items()},
    }


def with_arrow_and_duckdb(run):
    import duckdb
    import pyarrow.dataset
    from pyarrow import fs

    connection = duckdb.connect()
    if run.startswith("s3://"):
        endpoint = os.environ["AWS_ENDPOINT_URL_S3"]
        scheme, _, address = endpoint.partition("://")
        files = fs.S3FileSystem(
            access_key=os.environ["AWS_ACCESS_KEY_ID"],
            secret_key=os.environ["AWS_SECRET_ACCESS_KEY"],
            region=os.environ["AWS_REGION"],
            scheme=scheme,
            endpoint_override=address,
        )
        base = run.removeprefix("s3://")
        # DuckDB's own httpfs extension cannot be fetched offline; it reads S3 through s3fs as well.
        import s3fs

        connection.register_filesystem(
            s3fs.S3FileSystem(
                key=os.environ["AWS_ACCESS_KEY_ID"],
                secret=os.environ["AWS_SECRET_ACCESS_KEY"],
                endpoint_url=endpoint,
                client_kwargs={"region_name": os.environ["AWS_REGION"]},
            )
        )
    else:
        files, base = fs.LocalFileSystem(), run

    found = {}
    for entry in files.get_file_info(fs.FileSelector(f"{base}/data")):
        table = pyarrow.dataset.dataset(entry.path, filesystem=files, format="parquet").to_table()
        counted = connection.execute(
            "SELECT count(*) FROM read_parquet(?)", [f"{run}/data/{entry.base_name}/*.parquet"]
        ).fetchone()[0]
        found[entry.base_name] = {
            "rows": table.num_rows,
            "duckdb": counted,
            "columns": {field.name: str(field.type) for field in table.schema},
            "first": table.slice(0, 1).to_pylist()[:1],
        }
    return found


if __name__ == "__main__":
    reader, location = sys.argv[1:]
    read = {"datasets": with_datasets, "arrow-and-duckdb": with_arrow_and_duckdb}[reader]
    json.dump(read(location), sys.stdout)
