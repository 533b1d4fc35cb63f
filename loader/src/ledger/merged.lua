-- A duplicate row is not in the form any more.
-- ARGV: 3 company, 4 row id.  Returns OK. One that is not listed, or not any more, changes nothing.
if not index_ready() then return {'NOINDEX'} end
no_twin(ARGV[3], ARGV[4])
return {'OK'}
