-- Batches whose lease is over.  ARGV: 3 most of them.  Returns OK, then ids.
if not index_ready() then return {'NOINDEX'} end
local answer = {'OK'}
for _, batch in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', clock(), 'LIMIT', 0, tonumber(ARGV[3]))) do
  answer[#answer + 1] = batch
end
return answer
