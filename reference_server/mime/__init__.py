"""Messages taken apart: the MIME tree, and what IMAP makes of it. Pure functions over octets.

parse           parse(octets) -> Entity, a tree with offsets; header, content_type, transfer serve it
envelope        envelope(entity) -> EnvelopeStructure, with addresses
bodystructure   body(entity, extended=...) -> nested tuples
section         section(entity, part, text, fields), binary(entity, part) -> octets or None
searchable      texts of fields, addresses and bodies for SEARCH; encoded_words, charsets, collation serve it
dates, subject  sent_date(value), base_subject(value) for SEARCH and SORT
threading       ordered_subject(messages), by_references(messages); message_ids, ancestry serve it
"""
