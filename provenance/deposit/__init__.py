"""Archives that take packs: a file for each protocol, and a row here for each archive."""

from __future__ import annotations

from rpz.provenance.deposit.service import Option, Service

KIND = Option("type", "The type of the record, as the archive calls it.", "dataset")

SERVICES = {
    "zenodo": Service(
        "Zenodo (https://sandbox.zenodo.org is there to try it)",
        "rpz.provenance.deposit.invenio",
        "https://zenodo.org",
        "ZENODO_TOKEN",
        "/account/settings/applications/tokens/new/",
        "deposit:write and deposit:actions",
        (KIND,),
    ),
    "invenio": Service(
        "another archive that runs InvenioRDM",
        "rpz.provenance.deposit.invenio",
        "",
        "INVENIO_TOKEN",
        "/account/settings/applications/tokens/new/",
        "deposit:write and deposit:actions",
        (KIND,),
    ),
    "dataverse": Service(
        "a Dataverse",
        "rpz.provenance.deposit.dataverse",
        "",
        "DATAVERSE_TOKEN",
        "/dataverseuser.xhtml?selectTab=apiTokenTab",
        "to add data sets to the collection",
        (
            Option("collection", "The alias of the collection that takes it."),
            Option("contact", "An e-mail address for questions, which is shown to all."),
            Option("subject", "The field of science, as Dataverse calls it.", "Other"),
        ),
    ),
}
