-- Keeps listed customers that no event has announced; an event that is only late takes them out again.
-- KEYS: as in HookKeys. ARGV: how much earlier an event may come than the update time says (ms), how many are kept, then pairs
-- of customer and update time (s).
local since = redis.call('HGET', KEYS[5], 'since_ms')
if not since then return 0 end
local kept = 0
for i = 3, #ARGV, 2 do
  local id, changed = ARGV[i], tonumber(ARGV[i + 1]) * 1000
  local announced = redis.call('ZSCORE', KEYS[3], id)
  if changed + 1000 > tonumber(since) and not (announced and tonumber(announced) >= changed - tonumber(ARGV[1])) then
    kept = kept + redis.call('ZADD', KEYS[4], changed, id)
  end
end
redis.call('ZREMRANGEBYRANK', KEYS[4], 0, -1 - tonumber(ARGV[2]))
return kept
