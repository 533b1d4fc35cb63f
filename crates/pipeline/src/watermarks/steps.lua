-- Notes that states pass, or are dropped by a condition. KEYS: hashes of companies, one may come twice.
-- ARGV: of each, `pass` or `drop`, update time, sequence.
-- Returns of each that passes: 0 when a newer one was dropped, else 1; of each that is dropped: 1 when there may be a row.
local answers = {}
for i = 1, #KEYS do
  local step, time, sequence = ARGV[3 * i - 2], tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  local known = redis.call('HMGET', KEYS[i], 'o', 'pu', 'fu', 'fs')
  local dropped = tonumber(known[3])
  local overtaken = dropped and (dropped > time or (dropped == time and tonumber(known[4]) > sequence))
  if step == 'drop' then
    if not overtaken then redis.call('HSET', KEYS[i], 'fu', ARGV[3 * i - 1], 'fs', ARGV[3 * i]) end
    answers[i] = (known[1] or known[2]) and 1 or 0
  elseif overtaken then
    answers[i] = 0
  else
    redis.call('HSET', KEYS[i], 'o', 1)
    if dropped then redis.call('HDEL', KEYS[i], 'fu', 'fs') end
    answers[i] = 1
  end
end
return answers
