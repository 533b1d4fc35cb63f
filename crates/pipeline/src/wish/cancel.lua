-- ARGV: id, what is said of it. Returns the state that it was in, if it is known.
local state = redis.call('HGET', prefix .. ARGV[1], 'state')
if state == 'waiting' then
  close(ARGV[1], 'cancelled', 'outcome', ARGV[2])
end
return state
