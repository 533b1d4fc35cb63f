-- KEYS: stream. ARGV: start, digest before the start, count, names of the fields that the digest covers ...
-- Returns rows of id, digest, '1' when it is right, values ...
local before = ARGV[2]
local rows = {}
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', ARGV[3])) do
  local named = {}
  for i = 1, #entry[2], 2 do named[entry[2][i]] = entry[2][i + 1] end
  local values = {before}
  local row = {entry[1], named.digest or '', '0'}
  for i = 4, #ARGV do
    local value = named[ARGV[i]] or ''
    values[#values + 1] = #value .. ':' .. value
    row[#row + 1] = value
  end
  if redis.sha1hex(table.concat(values, '|')) == named.digest then row[3] = '1' end
  before = named.digest or ''
  rows[#rows + 1] = row
end
return rows
