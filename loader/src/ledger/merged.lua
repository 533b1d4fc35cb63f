-- A duplicate row is not in the form any more.
-- ARGV: 3 company, 4 row id.  Returns OK.
if not index_ready() then return {'NOINDEX'} end
redis.call('HDEL', prefix .. 'dups', ARGV[3] .. '\n' .. ARGV[4])
return {'OK'}
