-- A duplicate row is not in the form any more.
-- ARGV: 3 token, 4 company, 5 row id.  Returns OK, duplicates left; or STALE.
local index = redis.call('HMGET', KEYS[1], 'state', 'token', 'run')
if index[1] ~= 'building' or index[2] ~= ARGV[3] or index[3] ~= server_run() then return {'STALE'} end
local gone = redis.call('HDEL', prefix .. 'dups', ARGV[4] .. '\n' .. ARGV[5])
return {'OK', redis.call('HINCRBY', KEYS[1], 'dups', -gone)}
