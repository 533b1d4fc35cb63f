-- KEYS: stream. ARGV: name, value, name, value ... Appends an entry with a digest over it and its predecessor's digest.
-- Returns its id and its digest.
local before = ''
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
if last[1] then
  local fields = last[1][2]
  for i = 1, #fields, 2 do
    if fields[i] == 'digest' then before = fields[i + 1] end
  end
end
local values = {before}
for i = 2, #ARGV, 2 do
  values[#values + 1] = #ARGV[i] .. ':' .. ARGV[i]
end
local entry = {}
for i = 1, #ARGV do entry[i] = ARGV[i] end
entry[#entry + 1] = 'digest'
local digest = redis.sha1hex(table.concat(values, '|'))
entry[#entry + 1] = digest
return {redis.call('XADD', KEYS[1], '*', unpack(entry)), digest}
