-- KEYS: plan, letters. ARGV: new state, note, seconds to live, states that may be left ...
-- Returns the state after the call, or false when there is no such plan.
local state = redis.call('HGET', KEYS[1], 'state')
if not state then
  return false
end
for i = 4, #ARGV do
  if state == ARGV[i] then
    redis.call('HSET', KEYS[1], 'state', ARGV[1], 'note', ARGV[2])
    redis.call('EXPIRE', KEYS[1], ARGV[3])
    redis.call('EXPIRE', KEYS[2], ARGV[3])
    return ARGV[1]
  end
end
return state
