"""Which of the stored documents of a property are compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from lianode.analysis.documents import PropertyDocument

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping

Document = TypeVar("Document", bound=PropertyDocument)


def selected(
    documents: Iterable[PropertyDocument | Mapping[str, Any]],
    kind: type[Document],
    place: Callable[[Document], Hashable],
) -> list[Document]:
    """Return one document for each place: the newest without a failed check, or else the newest.

    Parameters
    ----------
    documents
        As models or as stored; those of other properties, and of a rehearsal, are passed over.
    kind
        Of the documents that are wanted.
    place
        What two documents of one thing share.
    """
    name = kind.model_fields["property"].default
    found: dict[Hashable, Document] = {}
    for given in documents:
        stored = isinstance(given, dict) and given.get("property") == name
        document = kind.model_validate(given) if stored else given
        if isinstance(document, kind) and not document.method.is_rehearsal:
            where = place(document)
            found[where] = max(found.get(where, document), document, key=lambda d: (not d.flagged, d.created))
    return [found[where] for where in sorted(found, key=str)]
