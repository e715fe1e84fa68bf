-- What a row says beside its file: the mark of the text that videod left there (`said`), of the one that it began to
-- write (`begun`), and of the one that a person wrote and was answered (`heard`). NULL: none is known.
ALTER TABLE asset_pages ADD COLUMN said TEXT;
ALTER TABLE asset_pages ADD COLUMN begun TEXT;
ALTER TABLE asset_pages ADD COLUMN heard TEXT;
