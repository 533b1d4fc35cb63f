-- What somebody has published of late, beside what was told before, which weighs half.
-- KEYS[1] hash of messages and records by stage; ARGV: stage, messages, records, ...
for at = 1, #ARGV, 3 do
  for offset, what in ipairs({ 'messages', 'records' }) do
    local field = ARGV[at] .. ':' .. what
    local before = tonumber(redis.call('HGET', KEYS[1], field) or '0')
    redis.call('HSET', KEYS[1], field, tostring(before / 2 + tonumber(ARGV[at + offset])))
  end
end
