"""What a ``codemeta.json`` says in words that CodeMeta's context doesn't have.

The context is that of the package ``CodeMetaPy``.
"""

import json
from importlib.metadata import distribution

from rdflib import Graph
from rdflib.namespace import RDF

CONTEXT = "https://w3id.org/codemeta/3.0"
UNKNOWN = "urn:unknown:"


def unknown_words(path):
    document = json.loads(path.read_bytes())
    if document["@context"] != CONTEXT:
        return [document["@context"]]
    known = distribution("CodeMetaPy").locate_file("codemeta/schema/codemeta.jsonld")
    words = json.loads(known.read_text())["@context"]
    document["@context"] = {"@vocab": UNKNOWN, **words}
    graph = Graph().parse(data=json.dumps(document), format="json-ld")
    if not len(graph):
        return ["nothing is said"]
    said = [*graph.predicates(), *graph.objects(predicate=RDF.type)]
    return sorted({str(word) for word in said if str(word).startswith(UNKNOWN)})
