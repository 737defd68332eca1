"""A release described for other catalogues, from its datapackage and manifest: Croissant, DCAT and CITATION.cff."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.releases.catalogue import Release
from pipeline.releases.storage import dump_json

# The context that Croissant 1.0 prescribes, whole (https://docs.mlcommons.org/croissant/docs/croissant-spec.html).
_CROISSANT = {
    "@language": "zh",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{
        name: f"cr:{name}"
        for name in (
            "citeAs", "column", "equivalentProperty", "extract", "field", "fileProperty", "fileObject", "fileSet",
            "format", "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet",
            "references", "regex", "repeated", "replace", "samplingRate", "separator", "source", "subField", "transform",
        )
    },
}  # fmt: skip
_CROISSANT_TYPES = {
    "boolean": "sc:Boolean",
    "integer": "sc:Integer",
    "number": "sc:Float",
    "string": "sc:Text",
}
_PARQUET = "application/x-parquet"

_DCAT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "spdx": "http://spdx.org/rdf/terms#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def metadata_files(release: Release, package: Mapping[str, Any], base: str) -> dict[str, bytes]:
    """croissant.json, dcat.jsonld and CITATION.cff of a release, by name.

    ``base``: the address of its files, with "/" at its end; it may be relative to where these three will lie.
    """
    return {
        "croissant.json": dump_json(croissant(release, package, base)),
        "dcat.jsonld": dump_json(dcat([(release, package, base)])),
        "CITATION.cff": citation(release, package),
    }


def croissant(release: Release, package: Mapping[str, Any], base: str) -> dict[str, Any]:
    """The release as a Croissant 1.0 dataset: a file and a record set per table."""
    files = release.manifest["files"]
    resources = [one for one in package["resources"] if one["path"] in files]
    return {
        "@context": _CROISSANT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": package["name"],
        "description": package["description"],
        "version": f"{int(release.release[1:])}.0.0",
        "datePublished": release.manifest["created"],
        "license": package["licenses"][0]["title"],
        "url": base or f"{release.edition}/{release.release}/",
        "citeAs": f"{package['title']}（{release.edition}@{release.release}）",
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": one["path"],
                "name": one["path"],
                "contentUrl": f"{base}{one['path']}",
                "encodingFormat": _PARQUET,
                "sha256": files[one["path"]]["sha256"],
            }
            for one in resources
        ],
        "recordSet": [_record_set(one) for one in resources],
    }


def _record_set(resource: Mapping[str, Any]) -> dict[str, Any]:
    name, schema = resource["name"], resource["schema"]
    fields = []
    for one in schema["fields"]:
        arrow = one["arrow_type"]
        if "struct" in arrow:
            continue  # printed lines with their boxes: a table within a cell, which Croissant has no type for
        field = {
            "@type": "cr:Field",
            "@id": f"{name}/{one['name']}",
            "name": one["name"],
            "description": f"{one['title']}：{one['description']}",
            "dataType": _CROISSANT_TYPES.get(one["type"], "sc:Integer" if "int" in arrow else "sc:Text"),
            "source": {"fileObject": {"@id": resource["path"]}, "extract": {"column": one["name"]}},
        }
        fields.append({**field, "repeated": True} if arrow.startswith("list") else field)
    made = {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": f"{resource['title']}：{resource['description']}",
        "field": fields,
    }
    if "primaryKey" in schema:
        made["key"] = [{"@id": f"{name}/{one}"} for one in schema["primaryKey"]]
    return made


def dcat(releases: Iterable[tuple[Release, Mapping[str, Any], str]]) -> dict[str, Any]:
    """The releases (with datapackage and address of the files) as a DCAT 3 catalogue in JSON-LD."""
    datasets = [_dataset(*one) for one in releases]
    catalogue = {
        "@id": "urn:xize:catalogue",
        "@type": "dcat:Catalog",
        "dct:title": {"@value": "双师型教师专业认定细则数据", "@language": "zh"},
        "dct:description": {"@value": "各版本当前发布的数据表", "@language": "zh"},
        "dcat:dataset": datasets,
    }
    return {"@context": _DCAT, **catalogue}


def _dataset(release: Release, package: Mapping[str, Any], base: str) -> dict[str, Any]:
    files = release.manifest["files"]
    name = f"urn:xize:{release.edition}:{release.release}"
    return {
        "@id": name,
        "@type": "dcat:Dataset",
        "dct:identifier": f"{release.edition}@{release.release}",
        "dct:title": {"@value": package["title"], "@language": "zh"},
        "dct:description": {"@value": package["description"], "@language": "zh"},
        "dct:issued": {"@value": release.manifest["created"], "@type": "xsd:dateTime"},
        "dct:rights": package["licenses"][0]["title"],
        "dcat:version": release.release,
        "dcat:distribution": [
            {
                "@id": f"{name}:{one['path']}",
                "@type": "dcat:Distribution",
                "dct:title": {"@value": one["title"], "@language": "zh"},
                "dcat:downloadURL": {"@id": f"{base}{one['path']}"},
                "dcat:mediaType": {
                    "@id": "https://www.iana.org/assignments/media-types/application/vnd.apache.parquet"
                },
                "dcat:byteSize": {
                    "@value": str(files[one["path"]]["bytes"]),
                    "@type": "xsd:nonNegativeInteger",
                },
                "spdx:checksum": {
                    "@type": "spdx:Checksum",
                    "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
                    "spdx:checksumValue": {"@value": files[one["path"]]["sha256"], "@type": "xsd:hexBinary"},
                },
            }
            for one in package["resources"]
            if one["path"] in files
        ],
    }


def citation(release: Release, package: Mapping[str, Any]) -> bytes:
    """CITATION.cff (1.2.0): how the data are cited."""
    from ruamel.yaml import YAML

    record = release.manifest
    document = {
        "cff-version": "1.2.0",
        "type": "dataset",
        "message": "引用本数据时，请写明版本与发布；文字以主管部门发布的原件为准。",
        "title": f"{package['title']}（{release.edition}@{release.release}）",
        "authors": [{"name": "Xize"}],
        "version": release.release,
        "date-released": record["created"][:10],
        "abstract": package["description"],
        "identifiers": [
            {
                "type": "other",
                "value": f"sha256:{record['source']['sha256']}",
                "description": f"所读的来源文件{record['source']['file']}",
            }
        ],
    }
    yaml = YAML()
    yaml.width = 4096
    made = io.BytesIO()
    yaml.dump(document, made)
    return made.getvalue()
