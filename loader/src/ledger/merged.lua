-- A duplicate row is not in the form any more.
-- ARGV: 3 company, 4 row id.  Returns OK, duplicates left. One that is not listed, or not any more, changes nothing.
local gone = redis.call('HDEL', prefix .. 'dups', ARGV[3] .. '\n' .. ARGV[4])
return {'OK', redis.call('HINCRBY', KEYS[1], 'dups', -gone)}
