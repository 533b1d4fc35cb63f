-- What the replica says that has a wish: only while the wish is its own.
-- ARGV: id, how often it was taken, then `renew`, term (ms) and progress; or the state that it ends in, outcome, counts and answer; or
-- `waiting`: somebody else may take it at once.
local id = ARGV[1]
local f = redis.call('HMGET', prefix .. id, 'state', 'takes', 'lane')
if f[1] ~= 'taken' or f[2] ~= ARGV[2] then return 0 end
work(f[3])
if ARGV[3] == 'renew' then
  redis.call('HSET', prefix .. id, 'until_ms', at(now + tonumber(ARGV[4])), 'progress', ARGV[5])
  redis.call('PEXPIRE', open, KEPT)
  keep(id)
elseif ARGV[3] == 'waiting' then
  redis.call('HSET', prefix .. id, 'state', 'waiting', 'until_ms', '0')
  keep(id)
else
  close(id, ARGV[3], 'outcome', ARGV[4], 'counts', ARGV[5])
  if ARGV[6] ~= '' then redis.call('SET', prefix .. id .. ':answer', ARGV[6], 'PX', ANSWERED) end
end
return 1
