-- Writes down which rows the vendor's answer names for creates, before the form is asked whether that is so: a loader that
-- dies meanwhile, or has to wait, leaves behind whose they may be.
-- ARGV: 3 owner, 4 batch, 5 fence, 6 count; per member: slot, row id.
if not index_ready() then return {'NOINDEX'} end
local batch = ARGV[4]
if not owns(batch, ARGV[3], ARGV[5]) then return {'FENCED'} end
for n = 0, tonumber(ARGV[6]) - 1 do
  local slot, id = ARGV[7 + n * 2], ARGV[8 + n * 2]
  if redis.call('HEXISTS', batch_key(batch), 'm' .. slot) == 1 then redis.call('HSET', batch_key(batch), 'i' .. slot, id) end
end
return {'OK'}
