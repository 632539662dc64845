"""One file per format: ``read(source, role) -> Parsed``. `carelabel.data.formats` says which is which."""
