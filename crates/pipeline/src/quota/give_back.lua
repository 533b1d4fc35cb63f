-- A call that had a permit was not made: the buckets forget it.
-- KEYS[2b-1], KEYS[2b] per bucket: state and log. ARGV[1] the granted time, ARGV[2b], ARGV[2b+1] per bucket: its pace, and
-- when its day begins (s).
local function number(state, field)
  return tonumber(redis.call('HGET', state, field) or -1)
end
local time = redis.call('TIME')
local now, slot = time[1] * 1000000 + time[2], tonumber(ARGV[1])
for b = 1, #KEYS / 2 do
  local state, log = KEYS[2 * b - 1], KEYS[2 * b]
  if redis.call('LREM', log, 1, ARGV[1]) == 1 then
    redis.call('HINCRBY', state, 'tat', -ARGV[2 * b])
    -- A call of yesterday is not in today's count.
    local day = math.floor((slot / 1000000 + ARGV[2 * b + 1]) / 86400)
    if number(state, 'day') == day and number(state, 'used') > 0 then
      redis.call('HINCRBY', state, 'used', -1)
      if number(state, 'made') > 0 then redis.call('HINCRBY', state, 'made', -1) end
    end
    if number(state, 'left_until') > now and slot > number(state, 'told') then redis.call('HINCRBY', state, 'left', 1) end
  end
end
return redis.status_reply('OK')
