"""ETL: a compressed table becomes JSON lines and a summary."""

import base64
import csv
import gzip
import io
import json
import statistics


def lambda_handler(event, context):
    text = gzip.decompress(base64.b64decode(event["table"])).decode("utf-8")
    dialect = csv.Sniffer().sniff(text.splitlines()[0])
    rows = list(csv.DictReader(io.StringIO(text), dialect=dialect))
    for row in rows:
        row["population"] = int(row["population"])
        row["area"] = float(row["area"]) if row["area"] else None
    populations = [row["population"] for row in rows]
    return {
        "lines": [json.dumps(row, ensure_ascii=False) for row in rows],
        "mean": statistics.fmean(populations),
        "median": statistics.median(populations),
        "deviation": round(statistics.pstdev(populations), 3),
        "missing": [row["city"] for row in rows if row["area"] is None],
    }
