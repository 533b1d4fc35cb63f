-- KEYS: plan, letters. ARGV: new state, note, seconds to live, who, now in milliseconds, states that may be left ...
-- Returns the state after the call, or false when there is no such plan.
local state = redis.call('HGET', KEYS[1], 'state')
if not state then
  return false
end
for i = 6, #ARGV do
  if state == ARGV[i] then
    local to = ARGV[1]
    redis.call('HSET', KEYS[1], 'state', to, 'note', ARGV[2], 'changed_at', ARGV[5])
    if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'changed_by', ARGV[4]) end
    if to == 'running' then
      redis.call('HSETNX', KEYS[1], 'begun_at', ARGV[5])
      redis.call('HDEL', KEYS[1], 'ended_at')
    elseif to ~= 'planned' then
      redis.call('HSET', KEYS[1], 'ended_at', ARGV[5])
    end
    if to == 'cancelled' or to == 'complete' then
      -- An edited body is a customer's and is not needed any more.
      local repair = redis.call('HGET', KEYS[1], 'repair')
      if repair and string.sub(repair, 1, 10) == '{"replace"' then
        redis.call('HSET', KEYS[1], 'repair', '"forgotten"')
      end
    end
    redis.call('EXPIRE', KEYS[1], ARGV[3])
    redis.call('EXPIRE', KEYS[2], ARGV[3])
    return to
  end
end
return state
