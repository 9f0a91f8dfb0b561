-- What wrk asks for: /k/1 .. /k/COUNT, at random or one after the other from FIRST on.
-- wrk ... -- (random|in-order) COUNT [FIRST]

local count, number, pick

function init(args)
  count = tonumber(args[2])
  number = tonumber(args[3] or "0")
  if args[1] == "random" then
    math.randomseed(number + 1)
    pick = function() return math.random(count) end
  else
    pick = function()
      number = number + 1
      return number
    end
  end
end

function request()
  return wrk.format("GET", "/k/" .. pick())
end
